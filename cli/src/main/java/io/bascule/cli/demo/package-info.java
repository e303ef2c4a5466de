/**
 * {@code bascule demo}: a real appliance on this machine, a real host that checks every block, and
 * the story of an upgrade that is canceled, told while it happens. Uses the appliance only as a
 * user would: its commands, its API, its iSCSI portal, and kill -9.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.cli.demo;
