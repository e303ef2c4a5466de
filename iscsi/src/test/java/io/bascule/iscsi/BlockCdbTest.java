package io.bascule.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.volume.Volume;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The fields of block commands, for every length of CDB, as SBC-3 lays them out. */
final class BlockCdbTest {
  private static final long SEED = Long.getLong("bascule.check.seed", 1);
  private static final int TIMES = 20_000;

  private final Random random = new Random(SEED);
  private final Task task = new Task();

  private void begin(byte[] cdb) {
    ByteBuffer pdu = ByteBuffer.allocate(48);
    random.nextBytes(pdu.array());
    pdu.put(32, cdb);
    task.begin(pdu, 0, 0);
  }

  /** Values of all magnitudes, those at the ends included. */
  private long bits(int most) {
    int width = random.nextInt(most + 1);
    long ones = width == 64 ? -1 : (1L << width) - 1;
    return random.nextInt(4) == 0 ? ones : random.nextLong() & ones;
  }

  private void expect(int opcode, int flags, long lba, long blocks) {
    String as = "seed %d: opcode %#x, %d blocks at %d".formatted(SEED, opcode, blocks, lba);
    assertThat(BlockCdb.lba(task)).as(as).isEqualTo(lba);
    assertThat(BlockCdb.blocks(task)).as(as).isEqualTo(blocks);
    assertThat(BlockCdb.flags(task)).as(as).isEqualTo(flags);
  }

  @Test
  void shouldReadTheFieldsOfEveryLengthOfCdb() {
    for (int i = 0; i < TIMES; i++) {
      byte[] bytes = new byte[16];
      random.nextBytes(bytes); // what is no field of it must not matter
      ByteBuffer cdb = ByteBuffer.wrap(bytes);
      int flags = random.nextInt(256);
      switch (random.nextInt(4)) {
        case 0 -> {
          int opcode = random.nextBoolean() ? 0x08 : 0x0A;
          long lba = bits(21);
          int blocks = 1 + random.nextInt(256);
          cdb.putInt(0, opcode << 24 | (flags & 0xE0) << 16 | (int) lba);
          cdb.put(4, (byte) blocks); // 256 is written as 0
          begin(bytes);
          expect(opcode, 0, lba, blocks);
        }
        case 1 -> {
          int opcode = new int[] {0x28, 0x2A, 0x2E, 0x2F, 0x35, 0x41}[random.nextInt(6)];
          long lba = bits(32);
          long blocks = bits(16);
          cdb.put(0, (byte) opcode).put(1, (byte) flags).putInt(2, (int) lba);
          cdb.putShort(7, (short) blocks);
          begin(bytes);
          expect(opcode, flags, lba, blocks);
        }
        case 2 -> {
          int opcode = new int[] {0xA8, 0xAA, 0xAE, 0xAF}[random.nextInt(4)];
          long lba = bits(32);
          long blocks = bits(32);
          cdb.put(0, (byte) opcode).put(1, (byte) flags).putInt(2, (int) lba);
          cdb.putInt(6, (int) blocks);
          begin(bytes);
          expect(opcode, flags, lba, blocks);
        }
        default -> {
          int opcode = new int[] {0x88, 0x8A, 0x8E, 0x8F, 0x91, 0x93}[random.nextInt(6)];
          long lba = bits(64);
          long blocks = bits(32);
          cdb.put(0, (byte) opcode).put(1, (byte) flags).putLong(2, lba);
          cdb.putInt(10, (int) blocks);
          begin(bytes);
          expect(opcode, flags, lba, blocks);
        }
      }
    }
  }

  private static LogicalUnit unit(long blocks) {
    long bytes = blocks * Volume.BLOCK_BYTES;
    Lun lun = new Lun(0, "unit", new UUID(1, 2), bytes, Optional.empty());
    return new LogicalUnit(lun, new UnitModes(), new UnitGuard(lun.uuid(), Reservations.NONE));
  }

  /** No address and no length, however large, passes for a range of the unit. */
  @Test
  void shouldKnowWhatIsOnTheUnit() {
    for (int i = 0; i < TIMES; i++) {
      long unitBlocks = 1 + bits(41);
      long lba = bits(64);
      long blocks = bits(32);
      var end = BigInteger.valueOf(lba >>> 1).shiftLeft(1);
      end = end.add(BigInteger.valueOf((lba & 1) + blocks));
      boolean inside = end.compareTo(BigInteger.valueOf(unitBlocks)) <= 0;
      assertThat(BlockCdb.within(unit(unitBlocks), lba, blocks))
          .as("seed %d: %d blocks at %d of %d", SEED, blocks, lba, unitBlocks)
          .isEqualTo(inside);
    }
  }
}
