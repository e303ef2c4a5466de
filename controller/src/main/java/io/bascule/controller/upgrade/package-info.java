/**
 * Carries out the upgrade: the record, the executor that makes the plan's goals hold, the service.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.controller.upgrade;
