/**
 * The migration of every volume from format 1 to format 2 while hosts use it: the mirrored volume,
 * its marks and region locks, and the work of the four phases. What is to be done when is decided
 * by {@code io.bascule.core.migration.MigrationMachine}; this room does it.
 *
 * <p>The one rule above all: until the commit, format 1 holds every acknowledged write, and nothing
 * about format 2 can hurt a host.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.migration;
