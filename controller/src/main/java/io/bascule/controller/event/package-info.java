/** Events and alerts, kept in state.db. */
@org.jspecify.annotations.NullMarked
package io.bascule.controller.event;
