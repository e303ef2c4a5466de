package io.bascule.store.v2;

import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/**
 * A volume or snapshot of a pool.
 *
 * @param writable false for a snapshot
 * @param source the volume it was made from, if that is still there
 * @param allocatedBytes what is not a hole, before compression, shared or not
 */
public record VolumeInfo(
    UUID uuid,
    long sizeBytes,
    boolean writable,
    Optional<UUID> source,
    Instant createdAt,
    long allocatedBytes) {

  static VolumeInfo of(Entry entry, Index index) {
    var source =
        index.family(entry.family).stream()
            .filter(e -> e.number == entry.source && e.kind != Entry.Kind.DELETED)
            .map(e -> e.uuid)
            .findAny();
    return new VolumeInfo(
        entry.uuid,
        entry.sizeBytes,
        entry.kind == Entry.Kind.VOLUME,
        source,
        Instant.ofEpochMilli(entry.createdMillis),
        entry.mappedBlocks * UnitCodec.BLOCK_BYTES);
  }
}
