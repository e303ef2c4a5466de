/**
 * The simulator's run time: a scheduler of virtual threads on one platform thread, virtual time,
 * and the class loader that lets the product's real, threaded code run on both. The classes here
 * are shared by all that is simulated; everything else of {@code io.bascule} is loaded by {@link
 * io.bascule.sim.rt.SimLoader}, rewritten.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.sim.rt;
