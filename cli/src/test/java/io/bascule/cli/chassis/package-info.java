/** Tests of the chassis: its machine alone, and the whole of it with real processes. */
@org.jspecify.annotations.NullMarked
package io.bascule.cli.chassis;
