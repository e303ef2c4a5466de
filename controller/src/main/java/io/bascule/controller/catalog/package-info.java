/**
 * Volumes and hosts: what is in state.db, what lies in the volume store, and the order in which the
 * two change so that a crash in between leaves nothing half done.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.controller.catalog;
