/**
 * What decides about the migration from format 1 to format 2: its machine, the throttle, the
 * estimates and the rules of space. Pure: no clock, no I/O; time and measurements arrive as values.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.core.migration;
