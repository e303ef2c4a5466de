/**
 * The host's side: an iSCSI initiator of our own ({@link io.bascule.host.initiator}), a load that
 * verifies every block it reads ({@link io.bascule.host.load}), and the command {@code bascule
 * hostload}. The demo, the benchmarks and the tests use it; a controller never does.
 */
@NullMarked
package io.bascule.host;

import org.jspecify.annotations.NullMarked;
