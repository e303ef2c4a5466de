/**
 * The deterministic simulator: the product's real code in virtual time, on simulated disks, with
 * crashes and faults that a seed decides, judged by named oracles. No release carries this module.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.sim;
