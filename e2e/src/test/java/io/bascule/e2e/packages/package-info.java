/** The packages this build made, as files. */
@org.jspecify.annotations.NullMarked
package io.bascule.e2e.packages;
