/**
 * The enclosure's state.db: what the active controller must remember. SQLite, opened by the holder
 * of the lease alone; every transaction checks the epoch.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.controller.state;
