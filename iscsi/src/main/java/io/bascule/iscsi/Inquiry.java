package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.NOTHING;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;

/** INQUIRY (SPC-4, 6.4): the standard data here, the other pages in {@link VitalPages}. */
final class Inquiry {
  static final List<Command> COMMANDS =
      List.of(Command.of("INQUIRY", "12 01 FF FF FF 00", NOTHING, Inquiry::inquiry));

  static final String VENDOR = "BASCULE ";
  static final String PRODUCT = "VOLUME          ";
  private static final String REVISION = "0001";

  /** Peripheral qualifier 011b, device type 1Fh: no unit can be there. */
  private static final int NO_UNIT = 0x7F;

  private static final byte[] STANDARD = standard();

  private Inquiry() {}

  private static byte[] standard() {
    HexFormat hex = HexFormat.ofDelimiter(" ");
    ByteBuffer out = ByteBuffer.allocate(96);
    // A disk; SPC-4; HISUP, response data format 2; the length of what follows; TPGS 01b, which is
    // implicit ALUA, and 3PC; MULTIP; CMDQUE.
    out.put(hex.parseHex("00 00 06 12 5B 18 10 02"));
    out.put((VENDOR + PRODUCT + REVISION).getBytes(StandardCharsets.US_ASCII));
    // SAM-5, iSCSI, SPC-4, SBC-3, none claimed to a revision.
    out.put(58, hex.parseHex("00 A0 09 60 04 60 04 C0"));
    return out.array();
  }

  private static void inquiry(Nexus nexus, Task task) {
    boolean vital = (task.cdb8(1) & 1) != 0;
    int number = task.cdb8(2);
    LogicalUnit unit = task.unit;
    VitalPage page = vital ? VitalPages.find(number) : null;
    ByteBuffer out = nexus.scratch.clear();
    if ((task.cdb8(1) & 2) != 0) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
    } else if (page != null && unit != null) {
      page.put(nexus, unit, out);
      nexus.reply(task, out, task.cdb16(3));
    } else if (vital || number != 0) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
    } else {
      out.put(STANDARD);
      out.put(0, (byte) (unit == null ? NO_UNIT : 0));
      nexus.reply(task, out, task.cdb16(3));
    }
  }
}
