/**
 * The upgrade: planner, plan, machine, and the rules of canceling it. Pure; frozen between
 * releases.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.core.upgrade;
