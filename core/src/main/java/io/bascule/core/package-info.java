/**
 * The heart of Bascule: names, the pure state machines, the planner, and the ports the rest
 * implements. Uses nothing but java.base; does no I/O of its own.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.core;
