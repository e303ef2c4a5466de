@org.jspecify.annotations.NullMarked
package io.bascule.sim.world;
