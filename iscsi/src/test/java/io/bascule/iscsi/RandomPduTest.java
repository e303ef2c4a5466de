package io.bascule.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever bytes come, the protocol throws nothing, answers only well-formed PDUs, and leaves other
 * sessions alone. A failure names its seed.
 */
final class RandomPduTest {
  private static final int CONNECTIONS = 150;
  private static final int PDUS = 60;
  private static final int[] OPCODES = {0, 1, 1, 1, 1, 2, 3, 4, 5, 5, 5, 6, 0x10, 0x1D, 0x21};
  private static final int[] CDBS = {
    0x00, 0x03, 0x08, 0x0A, 0x12, 0x15, 0x16, 0x17, 0x1A, 0x1B, 0x25, 0x28, 0x2A, 0x2E, 0x2F, 0x35,
    0x37, 0x41, 0x42, 0x55, 0x5A, 0x5E, 0x5F, 0x83, 0x84, 0x88, 0x89, 0x8A, 0x8B, 0x93, 0x9E, 0xA0,
    0xA3, 0xFF
  };

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 20_261_122})
  void shouldSurviveRandomPdus(long seed) {
    try (Lab lab = new Lab(directory)) {
      Lab.Initiator witness = lab.new Initiator(Lab.POOR_HOST, 3).ready().calm();
      for (int i = 0; i < CONNECTIONS; i++) {
        Random random = new Random(seed * 1_000_003 + i);
        attack(lab, random, "seed " + seed + ", connection " + i);
      }
      lab.settle();
      witness.all();
      witness.read(0, 1);
      Lab.Answer answer = witness.one();
      if (answer.opcode() == Pdu.SCSI_RESPONSE) {
        assertThat(answer.sense() >> 16).as("a unit attention of some reset").isEqualTo(6);
      }
      assertThat(lab.core.memory.availablePermits()).isEqualTo(64 << 20);
    }
  }

  private static void attack(Lab lab, Random random, String where) {
    Lab.Initiator host = lab.initiator();
    try {
      if (random.nextInt(4) > 0) {
        boolean digests = random.nextInt(4) == 0;
        host.ready(digests ? "HeaderDigest=CRC32C" : "X-none=1");
      }
      for (int i = 0; i < PDUS && !host.connection.closing(); i++) {
        ByteBuffer pdu = pdu(host, random);
        if (random.nextInt(50) == 0) {
          host.feed(pdu.slice(0, random.nextInt(pdu.capacity())));
        } else if (random.nextInt(30) == 0) {
          host.feed(pdu);
        } else {
          host.send(pdu);
        }
        if (random.nextInt(3) == 0) {
          lab.settle();
        }
        host.all();
      }
    } catch (RuntimeException e) {
      throw new AssertionError(where, e);
    }
    host.connection.dispose();
  }

  /** Half sense, half nonsense. */
  private static ByteBuffer pdu(Lab.Initiator host, Random random) {
    int opcode = OPCODES[random.nextInt(OPCODES.length)] | (random.nextInt(4) == 0 ? 0x40 : 0);
    byte[] data = new byte[random.nextInt(3) == 0 ? random.nextInt(6000) : 0];
    random.nextBytes(data);
    ByteBuffer pdu = host.pdu(opcode, random.nextInt(256), data);
    int length = pdu.getInt(4);
    for (int at = 8; at < 48; at++) {
      pdu.put(at, (byte) (random.nextInt(5) == 0 ? random.nextInt() : 0));
    }
    pdu.putInt(4, random.nextInt(60) == 0 ? random.nextInt() : length);
    pdu.put(9, (byte) random.nextInt(2));
    pdu.putInt(16, random.nextInt(8));
    pdu.putInt(20, random.nextInt(20_000));
    pdu.putInt(24, random.nextInt(20) == 0 ? random.nextInt() : host.cmdSn++);
    if ((opcode & 0x3F) == Pdu.DATA_OUT) {
      pdu.putInt(20, random.nextInt(4) == 0 ? random.nextInt(6) : Pdu.NO_TAG);
      pdu.putInt(36, random.nextInt(3));
      pdu.putInt(40, random.nextInt(4) * 512);
    } else if ((opcode & 0x3F) == Pdu.SCSI_COMMAND) {
      pdu.put(32, (byte) CDBS[random.nextInt(CDBS.length)]);
    }
    return pdu;
  }

  @Test
  void shouldSurviveRandomBytes() {
    try (Lab lab = new Lab(directory)) {
      Random random = new Random(7);
      for (int i = 0; i < 2000; i++) {
        Lab.Initiator host = lab.initiator();
        byte[] bytes = new byte[random.nextInt(2000)];
        random.nextBytes(bytes);
        host.feed(ByteBuffer.wrap(bytes));
        host.all();
      }
      assertThat(lab.core.sessions()).isEmpty();
    }
  }
}
