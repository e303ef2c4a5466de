/**
 * What the command line shows: tables, sizes, times, bars, and the terminal itself. Knows nothing
 * of the appliance.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.cli.screen;
