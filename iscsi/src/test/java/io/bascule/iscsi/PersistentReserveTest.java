package io.bascule.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** PERSISTENT RESERVE IN and OUT, RESERVE and RELEASE (6) as hosts speak them. */
final class PersistentReserveTest {
  private static final HexFormat HEX = HexFormat.of().withUpperCase();
  private static final int CONFLICT = 0x18;
  private static final long KEY = 0x1122334455667788L;
  private static final int WRITE_EXCLUSIVE = 1;
  private static final int REGISTRANTS_ONLY = 5;
  private static final int APTPL = 0x01;
  private static final int ALL_TG_PT = 0x04;
  private static final int SPEC_I_PT = 0x08;

  @TempDir Path directory;
  private Lab lab;
  private Lab.Initiator first;
  private Lab.Initiator second;

  @BeforeEach
  void open() {
    lab = new Lab(directory);
    first = lab.initiator().ready().calm();
    second = other(0x800000000002L, 3);
  }

  @AfterEach
  void close() {
    lab.close();
  }

  private Lab.Initiator other(long isid, int tag) {
    Lab.Initiator host = lab.new Initiator(Lab.HOST, tag);
    host.isid = isid;
    return host.ready().calm();
  }

  private static byte[] list(long key, long newKey, int flags) {
    return ByteBuffer.allocate(24).putLong(key).putLong(newKey).putInt(0).put((byte) flags).array();
  }

  private Lab.Answer out(Lab.Initiator host, int action, int type, byte[] list) {
    return out(host, action, type, list, list.length);
  }

  private Lab.Answer out(Lab.Initiator host, int action, int type, byte[] list, int length) {
    host.command(
        0,
        0x20,
        list.length,
        list,
        0x5F,
        action,
        type,
        0,
        0,
        length >> 24,
        length >> 16,
        length >> 8,
        length,
        0);
    lab.settle();
    return host.one();
  }

  private void good(Lab.Initiator host, int action, int type, byte[] list) {
    Lab.Answer answer = out(host, action, type, list);
    assertThat(answer.status()).as("action %d", action).isZero();
  }

  private void conflict(Lab.Initiator host, int action, int type, byte[] list) {
    assertThat(out(host, action, type, list).status()).isEqualTo(CONFLICT);
  }

  private void refused(int sense, Lab.Initiator host, int action, int type, byte[] list) {
    Lab.Answer answer = out(host, action, type, list);
    assertThat(answer.status()).isEqualTo(2);
    assertThat(answer.sense()).isEqualTo(sense);
  }

  private String in(Lab.Initiator host, int action) {
    host.command(0, 0x40, 65_535, new byte[0], 0x5E, action, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0);
    StringBuilder data = new StringBuilder();
    for (Lab.Answer answer : host.all()) {
      data.append(HEX.formatHex(answer.payload()));
    }
    return data.toString();
  }

  private int write(Lab.Initiator host) {
    host.write(0, new byte[512]);
    lab.settle();
    return host.one().status();
  }

  private int read(Lab.Initiator host) {
    host.read(0, 1);
    Lab.Answer answer = host.one();
    return answer.opcode() == Pdu.SCSI_RESPONSE ? answer.status() : 0;
  }

  private int attention(Lab.Initiator host) {
    host.command(0, 0, 0, new byte[0], 0);
    Lab.Answer answer = host.one();
    return answer.status() == 0 ? 0 : answer.sense();
  }

  @Test
  void shouldTellWhatItCan() {
    assertThat(in(first, 2)).isEqualTo("00081D80EA010000");
    good(first, 0, 0, list(0, KEY, APTPL));
    assertThat(in(first, 2)).isEqualTo("00081D81EA010000");
  }

  @Test
  void shouldTellKeysAndReservation() {
    assertThat(in(first, 0)).isEqualTo("0000000000000000");
    assertThat(in(first, 1)).isEqualTo("0000000000000000");
    assertThat(in(first, 3)).isEqualTo("0000000000000000");
    good(first, 0, 0, list(0, KEY, 0));
    good(second, 0, 0, list(0, 0xABC, 0));
    assertThat(in(second, 0))
        .isEqualTo("0000000200000010" + "1122334455667788" + "0000000000000ABC");
    good(first, 1, WRITE_EXCLUSIVE, list(KEY, 0, 0));
    assertThat(in(second, 1))
        .isEqualTo("0000000200000010" + "1122334455667788" + "00000000" + "00" + "01" + "0000");
    String name =
        HEX.formatHex((Lab.HOST + ",i,0x80000000000").getBytes(StandardCharsets.US_ASCII));
    assertThat(in(first, 3))
        .isEqualTo(
            "0000000200000090"
                + "1122334455667788000000000101000000000003"
                + "00000030"
                + "4500002C"
                + (name + "31").concat("000000")
                + "0000000000000ABC000000000000000000000003"
                + "00000030"
                + "4500002C"
                + (name + "32").concat("000000"));
  }

  @Test
  void shouldCutAnswersToTheirAllocationLength() {
    good(first, 0, 0, list(0, KEY, 0));
    first.command(0, 0x40, 255, new byte[0], 0x5E, 0, 0, 0, 0, 0, 0, 0, 10, 0);
    assertThat(HEX.formatHex(first.one().payload())).isEqualTo("00000001000000081122");
  }

  @Test
  void shouldKeepOthersOut() {
    good(first, 0, 0, list(0, KEY, 0));
    good(first, 1, WRITE_EXCLUSIVE, list(KEY, 0, 0));
    assertThat(write(first)).isZero();
    assertThat(write(second)).isEqualTo(CONFLICT);
    assertThat(read(second)).isZero();
    // Data that was not asked for is not waited for.
    second.send(second.scsi(0, 0x20, 8192, new byte[0], Lab.write10(0, 16)));
    assertThat(second.one().status()).isEqualTo(CONFLICT);
    assertThat(second.inFlight()).isZero();
    good(first, 2, WRITE_EXCLUSIVE, list(KEY, 0, 0));
    assertThat(write(second)).isZero();
  }

  @Test
  void shouldTellAConflictBeforeAUnitAttention() {
    good(first, 0, 0, list(0, KEY, 0));
    good(second, 0, 0, list(0, 0xABC, 0));
    good(first, 1, WRITE_EXCLUSIVE, list(KEY, 0, 0));
    good(first, 4, WRITE_EXCLUSIVE, list(KEY, 0xABC, 0));
    assertThat(write(second)).isEqualTo(CONFLICT);
    assertThat(attention(second)).isEqualTo(0x062A05);
    assertThat(attention(second)).isZero();
  }

  @Test
  void shouldTellOthersWhatHappenedToThem() {
    good(first, 0, 0, list(0, KEY, 0));
    good(second, 0, 0, list(0, 0xABC, 0));
    good(first, 1, REGISTRANTS_ONLY, list(KEY, 0, 0));
    good(first, 2, REGISTRANTS_ONLY, list(KEY, 0, 0));
    assertThat(attention(second)).isEqualTo(0x062A04);
    good(first, 3, 0, list(KEY, 0, 0));
    assertThat(attention(second)).isEqualTo(0x062A03);
    assertThat(attention(first)).isZero();
  }

  @Test
  void shouldRefuseWhatIsNoParameterList() {
    refused(0x051A00, first, 0, 0, new byte[23]);
    refused(0x051A00, first, 0, 0, new byte[25]);
    refused(0x051A00, first, 3, 0, new byte[28]);
    assertThat(out(first, 0, 0, list(0, KEY, 0), 28).sense()).as("half of it").isEqualTo(0x051A00);
    assertThat(out(first, 0, 0, new byte[24], -1).sense()).isEqualTo(0x051A00);
    refused(0x052600, first, 6, 0, list(0, KEY, SPEC_I_PT));
    refused(0x051A00, first, 0, 0, list(0, KEY, SPEC_I_PT));
    refused(0x052400, first, 8, 0, list(0, KEY, 0));
    assertThat(lab.kept.content).isEmpty();
    good(first, 0, 0, list(0, KEY, 0));
    refused(0x052400, first, 1, 0x11, list(KEY, 0, 0));
    refused(0x052400, first, 1, 2, list(KEY, 0, 0));
    assertThat(in(first, 1)).isEqualTo("0000000100000000");
  }

  @Test
  void shouldRegisterThroughEveryTargetPort() {
    Lab.Initiator fixed = other(0x800000000001L, 1);
    good(first, 6, 0, list(0, KEY, ALL_TG_PT));
    assertThat(in(first, 0)).isEqualTo("0000000100000018" + "1122334455667788".repeat(3));
    good(fixed, 1, WRITE_EXCLUSIVE, list(KEY, 0, 0));
    assertThat(write(first)).as("another nexus of the same host").isEqualTo(CONFLICT);
    assertThat(write(fixed)).isZero();
  }

  private static byte[] withIds(long key, byte[]... ids) {
    int bytes = 0;
    for (byte[] id : ids) {
      bytes += id.length;
    }
    ByteBuffer all = ByteBuffer.allocate(28 + bytes);
    all.put(list(0, key, SPEC_I_PT)).putInt(bytes);
    for (byte[] id : ids) {
      all.put(id);
    }
    return all.array();
  }

  private static byte[] id(int kind, String text) {
    byte[] name = text.getBytes(StandardCharsets.UTF_8);
    int length = Math.max(20, name.length + 4 & ~3);
    return ByteBuffer.allocate(4 + length)
        .put((byte) kind)
        .put((byte) 0)
        .putShort((short) length)
        .put(name)
        .array();
  }

  @Test
  void shouldRegisterOthersByTheirTransportId() {
    byte[] port = id(0x45, Lab.HOST + ",i,0x800000000002");
    byte[] absent = id(0x45, "iqn.absent,i,0xABC");
    good(first, 0, 0, withIds(KEY, port, absent));
    assertThat(in(first, 0)).isEqualTo("0000000100000018" + "1122334455667788".repeat(3));
    good(second, 1, REGISTRANTS_ONLY, list(KEY, 0, 0));
    good(second, 3, 0, list(KEY, 0, 0));
    assertThat(attention(first)).isEqualTo(0x062A03);
    good(first, 0, 0, withIds(KEY, id(0x05, Lab.HOST)));
    assertThat(in(first, 0)).isEqualTo("0000000300000010" + "1122334455667788".repeat(2));
  }

  @Test
  void shouldRefuseTransportIdsThatAreNone() {
    for (byte[] id :
        new byte[][] {
          id(0x46, "iqn.x,i,0x1"),
          id(0x45, "iqn.x"),
          id(0x45, "iqn.x,i,0x"),
          id(0x45, "iqn.x,i,0xG"),
          id(0x45, "iqn.x,i,0x1234567890123"),
          id(0x45, ",i,0x1"),
          id(0x05, "iqn.of-nobody-here"),
          id(0x05, "n".repeat(300)),
          java.util.Arrays.copyOf(id(0x45, "iqn.x,i,0x1"), 20),
          new byte[] {0x45, 0, 0}
        }) {
      refused(0x052600, first, 0, 0, withIds(KEY, id));
    }
    byte[] endless = id(0x45, "iqn.x,i,0x1");
    java.util.Arrays.fill(endless, 4, endless.length, (byte) 'x');
    refused(0x052600, first, 0, 0, withIds(KEY, endless));
    byte[] wrong = withIds(KEY, id(0x45, "iqn.x,i,0x1"));
    wrong[27]++;
    refused(0x051A00, first, 0, 0, wrong);
    assertThat(in(first, 0)).isEqualTo("0000000000000000");
  }

  @Test
  void shouldMoveAReservation() {
    good(first, 0, 0, list(0, KEY, 0));
    good(first, 1, WRITE_EXCLUSIVE, list(KEY, 0, 0));
    byte[] to = id(0x45, Lab.HOST + ",i,0x800000000002");
    ByteBuffer list = ByteBuffer.allocate(24 + to.length).putLong(KEY).putLong(0xABC);
    list.put(17, (byte) 2).putShort(18, (short) 3).putInt(20, to.length).put(24, to);
    byte[] elsewhere = list.array().clone();
    elsewhere[19] = 9;
    refused(0x052600, first, 7, 0, elsewhere);
    byte[] shorter = list.array().clone();
    shorter[23]--;
    refused(0x051A00, first, 7, 0, shorter);
    good(first, 7, 0, list.array());
    assertThat(write(first)).isEqualTo(CONFLICT);
    assertThat(write(second)).isZero();
    assertThat(in(first, 0)).isEqualTo("0000000200000008" + "0000000000000ABC");
  }

  @Test
  void shouldBeDurableBeforeItIsGood() {
    good(first, 0, 0, list(0, KEY, 0));
    byte[] before = lab.kept.content.get(lab.volume.uuid());
    lab.kept.full = true;
    refused(0x055504, first, 1, WRITE_EXCLUSIVE, list(KEY, 0, 0));
    lab.kept.full = false;
    lab.kept.broken = true;
    refused(0x044400, first, 1, WRITE_EXCLUSIVE, list(KEY, 0, 0));
    lab.kept.broken = false;
    assertThat(lab.kept.content.get(lab.volume.uuid())).isEqualTo(before);
    assertThat(write(second)).isZero();
    good(first, 1, WRITE_EXCLUSIVE, list(KEY, 0, 0));
    assertThat(write(second)).isEqualTo(CONFLICT);
    assertThat(lab.kept.content.get(lab.volume.uuid())).isNotEqualTo(before);
  }

  @Test
  void shouldGoOnInAnotherTargetWithTheSameNexus() {
    good(first, 0, 0, list(0, KEY, 0));
    good(first, 1, WRITE_EXCLUSIVE, list(KEY, 0, 0));
    lab.core.guards.keep(lab.kept); // as a controller that takes over
    assertThat(write(first)).isZero();
    assertThat(write(second)).isEqualTo(CONFLICT);
    lab.kept.power = "second";
    lab.core.guards.keep(lab.kept);
    assertThat(write(second)).isZero();
    assertThat(in(first, 0)).isEqualTo("0000000000000000");
    good(first, 0, 0, list(0, KEY, APTPL));
    good(first, 1, WRITE_EXCLUSIVE, list(KEY, 0, 0));
    lab.kept.power = "third";
    lab.core.guards.keep(lab.kept);
    assertThat(write(second)).isEqualTo(CONFLICT);
    assertThat(in(first, 0)).isEqualTo("0000000000000008" + "1122334455667788");
  }

  @Test
  void shouldFenceAVolumeWhoseReservationsCannotBeRead() {
    lab.kept.content.put(lab.volume.uuid(), new byte[] {9, 9});
    lab.core.guards.keep(lab.kept);
    assertThat(read(first)).isEqualTo(CONFLICT);
    good(first, 0, 0, list(0, KEY, 0));
    good(first, 3, 0, list(KEY, 0, 0));
    assertThat(read(first)).isZero();
  }

  // ---- RESERVE (6), RELEASE (6) ---------------------------------------------------------------

  private int six(Lab.Initiator host, int opcode) {
    host.command(0, 0, 0, new byte[0], opcode, 0, 0, 0, 0, 0);
    lab.settle();
    return host.one().status();
  }

  @Test
  void shouldReserveAUnitUntilItIsReleased() {
    assertThat(six(first, 0x16)).isZero();
    assertThat(six(first, 0x16)).isZero();
    assertThat(write(first)).isZero();
    assertThat(read(second)).isEqualTo(CONFLICT);
    assertThat(six(second, 0x00)).isEqualTo(CONFLICT);
    assertThat(six(second, 0x16)).isEqualTo(CONFLICT);
    assertThat(six(second, 0x17)).isZero();
    assertThat(read(second)).isEqualTo(CONFLICT);
    assertThat(in(first, 0)).isEmpty();
    conflict(first, 0, 0, list(0, KEY, 0));
    assertThat(six(first, 0x17)).isZero();
    assertThat(read(second)).isZero();
  }

  @Test
  void shouldReleaseAUnitWithItsNexusOrAReset() {
    assertThat(six(first, 0x16)).isZero();
    first.connection.dispose();
    assertThat(read(second)).isZero();
    Lab.Initiator third = other(0x800000000003L, 3);
    assertThat(six(second, 0x16)).isZero();
    third.manage(5, 0, Pdu.NO_TAG);
    third.all();
    assertThat(attention(third)).isEqualTo(0x062903);
    assertThat(read(third)).isZero();
  }

  @Test
  void shouldReleaseAUnitWhoseNexusEndsWhileItIsBeingReserved() {
    first.command(0, 0, 0, new byte[0], 0x16, 0, 0, 0, 0, 0);
    first.connection.dispose();
    lab.settle();
    assertThat(read(second)).isZero();
  }

  @Test
  void shouldTreatUnitReservationsCompatibly() {
    good(first, 0, 0, list(0, KEY, 0));
    assertThat(six(first, 0x16)).isEqualTo(CONFLICT);
    good(first, 1, WRITE_EXCLUSIVE, list(KEY, 0, 0));
    assertThat(six(first, 0x16)).isZero();
    assertThat(six(first, 0x17)).isZero();
    assertThat(six(second, 0x16)).isEqualTo(CONFLICT);
    assertThat(write(second)).isEqualTo(CONFLICT);
  }

  // ---- At random ------------------------------------------------------------------------------

  /** Whatever list comes, nothing is thrown; and what is not GOOD has changed nothing. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void shouldChangeNothingUnlessItSaysGood(long seed) {
    Random random = new Random(seed);
    int good = 0;
    for (int i = 0; i < 3000; i++) {
      String before = in(second, 0) + in(second, 1) + in(second, 2) + in(second, 3);
      byte[] list = random.nextInt(4) == 0 ? randomList(random) : plausibleList(random);
      int length = random.nextInt(12) == 0 ? random.nextInt(400) : list.length;
      int action = random.nextInt(9);
      if (action == 5) {
        continue; // waits for other sessions' threads, which there are none of here
      }
      Lab.Answer answer = out(first, action, random.nextInt(9), list, length);
      if (answer.status() == 0) {
        good++;
      } else {
        assertThat(in(second, 0) + in(second, 1) + in(second, 2) + in(second, 3))
            .as("seed %d, request %d", seed, i)
            .isEqualTo(before);
      }
      attention(second);
    }
    assertThat(good).isBetween(100, 2900);
    assertThat(lab.core.memory.availablePermits()).isEqualTo(64 << 20);
  }

  private static byte[] randomList(Random random) {
    byte[] list = new byte[random.nextInt(300)];
    random.nextBytes(list);
    return list;
  }

  private static byte[] plausibleList(Random random) {
    byte[] plain =
        list(random.nextInt(2), random.nextInt(3), random.nextInt(8) & (APTPL | ALL_TG_PT));
    if (random.nextInt(3) > 0) {
      return plain;
    }
    byte[] id = id(0x45, "iqn.h" + random.nextInt(40) + ",i,0x" + random.nextInt(9));
    if (random.nextBoolean()) {
      return withIds(random.nextInt(3), id);
    }
    return ByteBuffer.allocate(24 + id.length)
        .putLong(random.nextInt(2))
        .putLong(random.nextInt(3))
        .putShort((short) random.nextInt(4))
        .putShort((short) random.nextInt(4))
        .putInt(id.length)
        .put(id)
        .array();
  }
}
