/**
 * Format 2: a pool of thin volumes in one log of checksummed, compressed records; {@code
 * docs/formats/2.md} has the bytes.
 *
 * <p>The way of a write: {@link io.bascule.store.v2.VolumeV2} cuts it into units, {@code
 * UnitEncoder} checksums and compresses them, {@code LogWriter} puts those of many writers into one
 * batch and writes it to the open segment, {@code Index} learns where the blocks lie now. Opening a
 * pool is the newest checkpoint ({@code Checkpointer}) plus the batches after it ({@code
 * Recovery}), applied by the same code.
 *
 * <p>History: version 1 with release 2.0.1.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.store.v2;
