package io.bascule.core.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** GET /alerts: a condition a person should know of, until it is over. */
public record AlertView(
    long id,
    String severity,
    String kind,
    String message,
    String whatToDo,
    Instant raisedAt,
    @Nullable Instant clearedAt,
    @Nullable Instant acknowledgedAt) {}
