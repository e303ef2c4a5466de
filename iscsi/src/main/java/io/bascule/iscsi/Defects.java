package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.MEDIUM;

import java.nio.ByteBuffer;
import java.util.List;

/** READ DEFECT DATA (SBC-3, 5.15): both lists are there, and empty. */
final class Defects {
  static final List<Command> COMMANDS =
      List.of(
          Command.of(
              "READ DEFECT DATA (10)",
              "37 00 1F 00 00 00 00 FF FF 00",
              MEDIUM,
              Defects::readDefectData10),
          Command.of(
              "READ DEFECT DATA (12)",
              "B7 1F FF FF FF FF FF FF FF FF 00 00",
              MEDIUM,
              Defects::readDefectData12));

  /** Which lists, primary and grown, and their format; it is answered as it was asked. */
  private static final int LISTS_AND_FORMAT = 0x1F;

  private static final int FORMAT = 0x07;

  /** Formats beyond are vendor specific or reserved (SBC-3, 6.2). */
  private static final int LAST_FORMAT = 5;

  private Defects() {}

  private static void readDefectData10(Nexus nexus, Task task) {
    int asked = task.cdb8(2) & LISTS_AND_FORMAT;
    if ((asked & FORMAT) > LAST_FORMAT) {
      nexus.failField(task, 2);
      return;
    }
    ByteBuffer out = nexus.scratch.clear();
    out.put((byte) 0).put((byte) asked).putShort((short) 0);
    nexus.reply(task, out, task.cdb16(7));
  }

  private static void readDefectData12(Nexus nexus, Task task) {
    int asked = task.cdb8(1) & LISTS_AND_FORMAT;
    if ((asked & FORMAT) > LAST_FORMAT) {
      nexus.failField(task, 1);
      return;
    }
    ByteBuffer out = nexus.scratch.clear();
    out.put((byte) 0).put((byte) asked).putShort((short) 0); // a generation that never changes
    out.putInt(0);
    nexus.reply(task, out, task.cdbUnsigned32(6));
  }
}
