package io.bascule.core.api;

import java.time.Instant;

/**
 * An event, in the database and on GET /events.
 *
 * @param severity INFO, WARNING or CRITICAL
 * @param kind stable, like {@code upgrade.started}
 */
public record EventView(long id, Instant at, String severity, String kind, String message) {}
