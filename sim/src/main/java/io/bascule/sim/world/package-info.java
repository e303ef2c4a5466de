/**
 * What is simulated around the product's code: disks, power, the chassis, two controllers, hosts
 * and operators; and the oracles that judge what they see. Loaded by {@link
 * io.bascule.sim.rt.SimLoader} together with the product, so that all of it lives in virtual time.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.sim.world;
