package io.bascule.store.v2;

import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/**
 * A volume or snapshot of a pool.
 *
 * @param writable false for a snapshot
 * @param source the volume it was made from, if that is still there
 * @param allocatedBytes what is not a hole, before compression, shared or not
 */
public record VolumeInfo(
    UUID uuid,
    long sizeBytes,
    boolean writable,
    Optional<UUID> source,
    Instant createdAt,
    long allocatedBytes) {}
