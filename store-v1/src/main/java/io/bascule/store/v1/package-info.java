/**
 * Format 1: one sparse file a volume, written in place, beside a small header file; {@code
 * docs/formats/1.md} has the bytes.
 *
 * <p>History: version 1 with release 1.2.1. Frozen: every 1.2.x reads and writes exactly this.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.store.v1;
