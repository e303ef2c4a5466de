/**
 * The role of a controller as a pure state machine: {@link io.bascule.core.role.RoleMachine#step}.
 * Time arrives in events; effects are carried out by the controller.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.core.role;
