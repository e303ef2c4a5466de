/**
 * The appliance on this machine: creating one, starting and stopping its chassis, watching it come
 * up. What {@code up}, {@code down} and the demo are made of.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.cli.local;
