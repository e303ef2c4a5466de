/** Which pairs of state and event the tests of the pure machines have been through. */
@org.jspecify.annotations.NullMarked
package io.bascule.core.pairs;
