/**
 * The {@code bascule} command: one class per command, each a client of the REST API. What runs the
 * appliance itself is in {@code chassis}, the demonstration in {@code demo}.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.cli;
