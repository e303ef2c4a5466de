package io.bascule.host.load;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What a block of 512 bytes holds, a pure function of (run seed, volume, address, version):
 *
 * <pre>
 *   0  magic "BASCLOAD"        32  version (see {@link Version})
 *   8  run seed                40  filler, pseudo-random from all of the above
 *  16  volume id              504  CRC-32C of bytes 0..503, and its complement
 *  24  address in blocks
 * </pre>
 *
 * All little-endian. Not thread-safe: owned by one worker.
 */
final class BlockPattern {
  static final int BYTES = 512;
  private static final int VERSION_AT = 32;
  private static final int FILLER_AT = 40;
  private static final int CHECKSUM_AT = 504;
  private static final long MAGIC = 0x44414f4c43534142L; // "BASCLOAD", little-endian
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final long seed;
  private final long volume;
  private final CRC32C crc = new CRC32C();
  private final byte[] scratch = new byte[BYTES];

  BlockPattern(long seed, long volume) {
    this.seed = seed;
    this.volume = volume;
  }

  void fill(byte[] data, int at, long lba, long version) {
    LONG.set(data, at, MAGIC);
    LONG.set(data, at + 8, seed);
    LONG.set(data, at + 16, volume);
    LONG.set(data, at + 24, lba);
    LONG.set(data, at + VERSION_AT, version);
    long state = mix(seed ^ mix(volume ^ mix(lba ^ mix(version))));
    for (int i = FILLER_AT; i < CHECKSUM_AT; i += 8) {
      state ^= state << 13;
      state ^= state >>> 7;
      state ^= state << 17;
      LONG.set(data, at + i, state);
    }
    LONG.set(data, at + CHECKSUM_AT, checksum(data, at));
  }

  private long checksum(byte[] data, int at) {
    crc.reset();
    crc.update(data, at, CHECKSUM_AT);
    long sum = crc.getValue();
    return sum | ~sum << 32;
  }

  private static long mix(long z) {
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return (z ^ z >>> 31) | 1; // never 0, where xorshift would stay
  }

  /** What was found in a block. */
  record Finding(FaultKind kind, String detail) {}

  /**
   * Null if the block holds what was acknowledged, or what was written and not answered ({@code
   * pending}, 0 if there is none).
   */
  @Nullable Finding judge(byte[] data, int at, long lba, long acknowledged, long pending) {
    long magic = (long) LONG.get(data, at);
    if (magic != MAGIC) {
      if (isZero(data, at)) {
        return zeros(acknowledged, pending);
      }
      return new Finding(
          FaultKind.CORRUPT, "expected " + Version.text(acknowledged) + ", found foreign bytes");
    }
    long version = (long) LONG.get(data, at + VERSION_AT);
    if ((long) LONG.get(data, at + CHECKSUM_AT) != checksum(data, at)) {
      return broken(data, at, lba, acknowledged);
    }
    if ((long) LONG.get(data, at + 8) != seed) {
      return new Finding(
          FaultKind.LOST,
          "expected " + Version.text(acknowledged) + ", found an earlier run's data");
    }
    long foundLba = (long) LONG.get(data, at + 24);
    if (foundLba != lba || (long) LONG.get(data, at + 16) != volume) {
      boolean otherVolume = (long) LONG.get(data, at + 16) != volume;
      return new Finding(
          FaultKind.MISDIRECTED,
          "expected "
              + Version.text(acknowledged)
              + ", found "
              + Version.text(version)
              + " of "
              + (otherVolume ? "another volume's " : "")
              + "block "
              + foundLba);
    }
    boolean expected = version == acknowledged || version == pending;
    if (expected && version != Version.NONE && !Version.isTrim(version)) {
      return null; // a TRIM's version stands in no block
    }
    String detail = "expected " + Version.text(acknowledged) + ", found " + Version.text(version);
    if (Version.isTrim(acknowledged)) {
      return new Finding(FaultKind.RESURRECTED, detail);
    }
    boolean older = Version.sequence(version) < Version.sequence(acknowledged);
    return new Finding(older ? FaultKind.STALE : FaultKind.CORRUPT, detail);
  }

  private static @Nullable Finding zeros(long acknowledged, long pending) {
    return Version.isTrim(acknowledged) || Version.isTrim(pending)
        ? null
        : new Finding(FaultKind.LOST, "expected " + Version.text(acknowledged) + ", found zeros");
  }

  /** Begins as one of our blocks, but its checksum is wrong: says where it stops being right. */
  private Finding broken(byte[] data, int at, long lba, long acknowledged) {
    fill(scratch, 0, lba, (long) LONG.get(data, at + VERSION_AT));
    int first = Arrays.mismatch(data, at, at + BYTES, scratch, 0, BYTES);
    int last = BYTES - 1;
    while (last > first && data[at + last] == scratch[last]) {
      last--;
    }
    // A mixture of two writes differs up to its end, where the checksum of the other one stands.
    FaultKind kind = last >= CHECKSUM_AT ? FaultKind.TORN : FaultKind.CORRUPT;
    return new Finding(
        kind,
        "expected "
            + Version.text(acknowledged)
            + ", found bytes "
            + first
            + ".."
            + last
            + " of the block altered");
  }

  private static boolean isZero(byte[] data, int at) {
    for (int i = 0; i < BYTES; i += 8) {
      if ((long) LONG.get(data, at + i) != 0) {
        return false;
      }
    }
    return true;
  }
}
