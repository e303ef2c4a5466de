/**
 * The controller process: carries out what {@link io.bascule.core.role.RoleMachine} asks for, and
 * wires the rooms together. {@link io.bascule.controller.runtime.Node} is the process, {@link
 * io.bascule.controller.runtime.Serving} what exists only while it is active.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.controller.runtime;
