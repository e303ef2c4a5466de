/**
 * The chassis: one supervisor process per appliance. It gives both controllers power, boots them
 * from their slots, counts failed boots and falls back, and cuts the power of one that hangs. It is
 * not in the data path: without it the controllers serve on.
 *
 * <p>{@link io.bascule.cli.chassis.BootLife} decides, purely; {@link
 * io.bascule.cli.chassis.Chassis} is the one thread that carries decisions out.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.cli.chassis;
