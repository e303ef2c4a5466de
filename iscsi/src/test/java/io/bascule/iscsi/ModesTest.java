package io.bascule.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** MODE SELECT, and what follows from what was selected. */
final class ModesTest {
  private static final long SEED = Long.getLong("bascule.check.seed", 1);
  private static final String D_SENSE = "0A 0A 04 10 00 00 00 00 00 00 00 00";
  private static final String SWP = "0A 0A 00 10 08 00 00 00 00 00 00 00";
  private static final String DEFAULT = "0A 0A 00 10 00 00 00 00 00 00 00 00";

  @TempDir Path directory;
  private Lab lab;
  private Lab.Initiator host;
  private Lab.Initiator other;

  @BeforeEach
  void open() {
    lab = new Lab(directory);
    host = lab.initiator().ready().calm();
    other = lab.new Initiator(Lab.POOR_HOST, 3).ready().calm();
  }

  @AfterEach
  void close() {
    lab.close();
  }

  private static byte[] hex(String text) {
    return HexFormat.ofDelimiter(" ").parseHex(text);
  }

  private Lab.Answer select(String list) {
    byte[] data = hex(list);
    host.command(0, 0x20, data.length, data, 0x15, 0x10, 0, 0, data.length);
    lab.settle();
    return host.one();
  }

  private Lab.Answer select10(String list) {
    byte[] data = hex(list);
    host.command(0, 0x20, data.length, data, 0x55, 0x10, 0, 0, 0, 0, 0, 0, data.length);
    lab.settle();
    return host.one();
  }

  private void selectPage(String page) {
    assertThat(select("00 00 00 00 " + page).status()).isZero();
  }

  private String control(Lab.Initiator asking, int which) {
    asking.command(0, 0x40, 255, new byte[0], 0x1A, 8, which << 6 | 0x0A, 0, 255);
    byte[] answer = asking.one().payload();
    return HexFormat.ofDelimiter(" ").withUpperCase().formatHex(answer, 4, answer.length);
  }

  private int status(Lab.Initiator asking, int flags, byte[] data, int... cdb) {
    asking.command(0, flags, data.length, data, cdb);
    lab.settle();
    return asking.one().status();
  }

  @Test
  void shouldShowWhatWasSelectedToAllAndTellTheOthersOnce() {
    selectPage(D_SENSE);
    other.read(0, 1);
    assertThat(other.one().sense()).isEqualTo(0x062A01);
    other.read(0, 1);
    assertThat(other.one().status()).isZero();
    host.read(0, 1);
    assertThat(host.one().status()).as("who selects knows it").isZero();
    for (Lab.Initiator each : List.of(host, other)) {
      assertThat(control(each, 0)).isEqualTo(D_SENSE);
      assertThat(control(each, 1)).as("changeable").isEqualTo("0A 0A 04 00 08" + " 00".repeat(7));
      assertThat(control(each, 2)).as("default").isEqualTo(DEFAULT);
    }
    selectPage(D_SENSE);
    other.read(0, 1);
    assertThat(other.one().status()).as("nothing has changed").isZero();
  }

  @Test
  void shouldMakeSenseDataInTheFormatThatWasSelected() {
    selectPage(D_SENSE);
    host.read(0xFFFF, 1);
    assertThat(host.one().payload()).isEqualTo(hex("00 08 72 05 21 00 00 00 00 00"));
    host.command(0, 0x40, 255, new byte[0], 0x37, 0, 7, 0, 0, 0, 0, 0, 255);
    assertThat(host.one().payload())
        .as("with a field pointer")
        .isEqualTo(hex("00 10 72 05 24 00 00 00 00 08 02 06 00 00 C0 00 02 00"));
    selectPage(DEFAULT);
    host.command(0, 0x40, 255, new byte[0], 0x37, 0, 7, 0, 0, 0, 0, 0, 255);
    Lab.Answer fixed = host.one();
    assertThat(fixed.sense()).isEqualTo(0x052400);
    assertThat(fixed.field()).isEqualTo(2);
  }

  @Test
  void shouldLetNobodyWriteToAProtectedUnit() {
    byte[] old = Lab.bytes(512, 1);
    host.write(0, old);
    host.all();
    long flushes = lab.volume.flushes.get();
    selectPage(SWP);
    assertThat(lab.volume.flushes.get()).as("what was written is durable").isEqualTo(flushes + 1);
    status(other, 0, new byte[0], 0);
    for (Lab.Initiator each : List.of(host, other)) {
      for (int[] cdb :
          new int[][] {
            {0x0A, 0, 0, 0, 1},
            Lab.write10(0, 1),
            {0xAA, 0, 0, 0, 0, 0, 0, 0, 0, 1},
            {0x8A, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
            {0x2E, 0, 0, 0, 0, 0, 0, 0, 1},
            {0xAE, 0, 0, 0, 0, 0, 0, 0, 0, 1},
            {0x8E, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
            {0x8B, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
            {0x41, 0, 0, 0, 0, 0, 0, 0, 1},
            {0x93, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
            {0x42, 0, 0, 0, 0, 0, 0, 0, 24},
            {0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
          }) {
        each.command(0, 0x20, 512, new byte[512], cdb);
        assertThat(each.one().sense()).as("%02X", cdb[0]).isEqualTo(0x072702);
      }
      each.read(0, 1);
      assertThat(each.one().payload()).isEqualTo(old);
      each.command(0, 0x40, 4, new byte[0], 0x1A, 8, 0x3F, 0, 4);
      assertThat(each.one().payload()[2]).as("WP, DPOFUA").isEqualTo((byte) 0x90);
    }
    assertThat(status(host, 0, new byte[0], 0x35)).isZero();
    selectPage(DEFAULT);
    other.all();
    assertThat(status(host, 0x20, new byte[512], Lab.write10(0, 1))).isZero();
  }

  @Test
  void shouldDrainTheDataOfAWriteItRefuses() {
    selectPage(SWP);
    ByteBuffer command = host.scsi(0, 0x20, 1024, new byte[512], Lab.write10(0, 2));
    host.send(command);
    assertThat(host.all()).isEmpty();
    host.dataOut(command.getInt(16), Pdu.NO_TAG, 0, 512, true, new byte[512]);
    assertThat(host.one().sense()).isEqualTo(0x072702);
  }

  @Test
  void shouldGoBackToTheDefaultsAtAReset() {
    for (int function : new int[] {5, 6}) {
      selectPage(SWP);
      host.manage(function, 0, 0);
      lab.settle();
      host.all();
      assertThat(control(host, 0)).as("a unit attention first").isNotEqualTo(DEFAULT);
      assertThat(control(host, 0)).isEqualTo(DEFAULT);
    }
  }

  @Test
  void shouldKeepWhatWasSelectedOverAChangeOfTheModel() {
    selectPage(SWP);
    lab.show(1 << 20, AccessState.STANDBY, Set.of(0, 1));
    status(host, 0, new byte[0], 0);
    assertThat(control(host, 0)).isEqualTo(SWP);
  }

  @Test
  void shouldTakeListsInAllTheirForms() {
    String eight = "00 00 08 00 00 00 02 00 ";
    assertThat(select("00 00 90 08 " + eight + SWP).status()).isZero();
    assertThat(control(host, 0)).isEqualTo(SWP);
    assertThat(select("00 00 00 08 00 00 00 00 00 00 02 00 " + DEFAULT).status()).isZero();
    assertThat(select10("00 00 00 00 00 00 00 08 " + eight + SWP).status()).isZero();
    assertThat(control(host, 0)).isEqualTo(SWP);
    String sixteen = "00 00 00 00 00 00 08 00 00 00 00 00 00 00 02 00 ";
    assertThat(select10("00 00 00 00 01 00 00 10 " + sixteen + DEFAULT).status()).isZero();
    assertThat(control(host, 0)).isEqualTo(DEFAULT);
    String caching = "08 12 04" + " 00".repeat(17);
    assertThat(select("00 00 00 00 " + caching + " " + SWP).status()).isZero();
    assertThat(control(host, 0)).isEqualTo(SWP);
    assertThat(select("00 00 00 00").status()).as("no page at all").isZero();
    assertThat(status(host, 0, new byte[0], 0x15, 0x10, 0, 0, 0)).as("no list at all").isZero();
  }

  @Test
  void shouldPointAtWhatItCannotChange() {
    String[][] lists = {
      {"00 01 00 00 " + SWP, "1"}, // medium type
      {"00 00 00 07 " + SWP, "3"}, // half a block descriptor
      {"00 00 00 08 00 00 07 FF 00 00 02 00 " + SWP, "4"}, // another capacity
      {"00 00 00 08 00 00 08 00 00 00 10 00 " + SWP, "8"}, // another block length
      {"00 00 00 00 0B 0A 00 10 08 00 00 00 00 00 00 00", "4"}, // no such page
      {"00 00 00 00 4A 01 00 06 00 00", "4"}, // a subpage
      {"00 00 00 00 0A 0B 00 10 08 00 00 00 00 00 00 00 00", "5"}, // a wrong length
      {"00 00 00 00 0A 0A 24 10 08 00 00 00 00 00 00 00", "6"}, // TST
      {"00 00 00 00 0A 0A 04 00 08 00 00 00 00 00 00 00", "7"}, // restricted reordering
      {"00 00 00 00 " + SWP + " 08 12 00" + " 00".repeat(17), "18"}, // WCE off
    };
    for (String[] each : lists) {
      Lab.Answer answer = select(each[0]);
      assertThat(answer.sense()).as(each[0]).isEqualTo(0x052600);
      assertThat(answer.field()).as(each[0]).isEqualTo(Integer.parseInt(each[1]));
    }
    for (String cut :
        List.of("00 00 00", "00 00 00 08 00 00", "00 00 00 00 0A", "00 00 00 00 0A 0A")) {
      assertThat(select(cut).sense()).as(cut).isEqualTo(0x051A00);
    }
    for (int flags : new int[] {0x00, 0x11, 0x12}) { // no page format; save; revert
      host.command(0, 0x20, 16, hex("00 00 00 00 " + SWP), 0x15, flags, 0, 0, 16);
      Lab.Answer answer = host.one();
      assertThat(answer.sense()).isEqualTo(0x052400);
      assertThat(answer.field()).isEqualTo(1);
    }
    assertThat(control(host, 0)).as("of a refused list nothing is followed").isEqualTo(DEFAULT);
    other.read(0, 1);
    assertThat(other.one().status()).as("and nobody is told of it").isZero();
  }

  @Test
  void shouldSelectNothingInStandby() {
    lab.show(1 << 20, AccessState.STANDBY, Set.of(0, 1));
    Lab.Initiator fixed = lab.new Initiator(Lab.HOST, 1);
    fixed.isid++;
    fixed.ready().calm();
    fixed.command(0, 0x20, 16, hex("00 00 00 00 " + SWP), 0x15, 0x10, 0, 0, 16);
    assertThat(fixed.one().sense()).isEqualTo(0x02040B);
    assertThat(control(fixed, 0)).isEqualTo(DEFAULT);
  }

  /** Whatever comes, it is refused at a byte of the list, or it changes bits that can be. */
  @Test
  void shouldSurviveAnyList() {
    Random random = new Random(SEED);
    byte[] good =
        hex("00 00 00 08 00 00 08 00 00 00 02 00 " + SWP + " 08 12 04" + " 00".repeat(17));
    int taken = 0;
    for (int i = 0; i < 50_000; i++) {
      byte[] list = Arrays.copyOf(good, random.nextInt(good.length + 8));
      for (int flips = random.nextInt(3); flips > 0 && list.length > 0; flips--) {
        list[random.nextInt(list.length)] ^= (byte) (1 << random.nextInt(8));
      }
      boolean ten = random.nextInt(4) == 0;
      try {
        for (ModePage.Change change : ModeList.parse(ByteBuffer.wrap(list), ten, 2048)) {
          assertThat(change.page().unchangeable(change.values())).as("seed %d", SEED).isEqualTo(-1);
          taken++;
        }
      } catch (RefusedListException e) {
        assertThat(e.at).as("seed %d", SEED).isBetween(-1, list.length - 1);
        assertThat(e.at < 0).isEqualTo(e.sense == Sense.PARAMETER_LIST_LENGTH);
      }
    }
    assertThat(taken).isPositive();
  }
}
