package io.bascule.core.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * GET /packages.
 *
 * @param from the versions it can be installed on
 * @param migrates whether installing it migrates the volumes
 */
public record PackageView(
    String version,
    String file,
    long sizeBytes,
    String sha256,
    List<String> from,
    boolean migrates,
    @Nullable String notes,
    @Nullable Instant addedAt) {}
