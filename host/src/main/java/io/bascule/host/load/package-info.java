/**
 * A load that verifies. Every 512-byte block it writes says which volume, address, writer and
 * sequence it belongs to, so that a lost, stale, torn, misdirected or corrupt block is told from a
 * right one by itself; and the load remembers, per 4 KiB, the last acknowledged version and the one
 * in flight, so that it knows which one is right.
 */
@NullMarked
package io.bascule.host.load;

import org.jspecify.annotations.NullMarked;
