package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.MEDIUM;
import static io.bascule.iscsi.Command.Needs.NOTHING;
import static io.bascule.iscsi.Command.Needs.UNIT;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/** How large a unit is, which units there are, and which ways lead to them (SPC-4, 6; SBC-3, 5). */
final class Reports {
  static final List<Command> COMMANDS =
      List.of(
          Command.of(
              "READ CAPACITY (10)",
              "25 00 FF FF FF FF 00 00 00 00",
              MEDIUM,
              Reports::readCapacity10),
          Command.ofAction(
              "READ CAPACITY (16)",
              "9E 10 FF FF FF FF FF FF FF FF FF FF FF FF 00 00",
              MEDIUM,
              Reports::readCapacity16),
          Command.of(
              "REPORT LUNS", "A0 00 FF 00 00 00 FF FF FF FF 00 00", NOTHING, Reports::reportLuns),
          Command.ofAction(
              "REPORT TARGET PORT GROUPS",
              "A3 EA 00 00 00 00 FF FF FF FF 00 00",
              UNIT,
              Reports::targetPortGroups));

  private Reports() {}

  private static void readCapacity10(Nexus nexus, Task task) {
    if (task.cdb32(2) != 0 && (task.cdb8(8) & 1) == 0) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
      return;
    }
    long last = task.unit().blocks - 1;
    ByteBuffer out = nexus.scratch.clear();
    out.putInt((int) Math.min(last, 0xFFFFFFFFL)).putInt(512);
    nexus.reply(task, out, out.position());
  }

  private static void readCapacity16(Nexus nexus, Task task) {
    ByteBuffer out = nexus.scratch.clear();
    out.putLong(task.unit().blocks - 1).putInt(512);
    out.put((byte) 0);
    out.put((byte) 3); // 2^3 logical blocks in a physical one
    out.putShort((short) 0xC000); // LBPME, LBPRZ, aligned at 0
    out.putLong(0).putLong(0);
    nexus.reply(task, out, task.cdbUnsigned32(10));
  }

  private static void reportLuns(Nexus nexus, Task task) {
    int select = task.cdb8(2);
    long allocation = task.cdbUnsigned32(6);
    if (select > 2 || allocation < 16) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
      return;
    }
    ByteBuffer out = nexus.scratch.clear();
    out.putLong(0);
    // 1 asks for well known units only: there are none.
    for (int lun = 0; lun <= Lun.MAX && select != 1; lun++) {
      if (nexus.view.sees(lun)) {
        out.putLong((long) lun << 48);
      }
    }
    out.putInt(0, out.position() - 8);
    nexus.view.unitAttentions.clear(UnitAttentions.Kind.LUNS_CHANGED);
    nexus.reply(task, out, allocation);
  }

  /** REPORT TARGET PORT GROUPS (SPC-4, 6.37): one port in each group. */
  private static void targetPortGroups(Nexus nexus, Task task) {
    int format = task.cdb8(1) >> 5;
    if (format > 1) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
      return;
    }
    ByteBuffer out = nexus.scratch.clear();
    out.putInt(0);
    if (format == 1) {
      out.put((byte) 0x10).put((byte) 5).putShort((short) 0); // a transition takes 5 s at most
    }
    for (Map.Entry<Integer, AccessState> group : nexus.view.model().access.entrySet()) {
      out.put((byte) group.getValue().code);
      out.put((byte) 0x85); // transitioning, standby, active/optimized
      out.putShort(group.getKey().shortValue());
      out.put((byte) 0).put((byte) 2); // last changed implicitly
      out.put((byte) 0).put((byte) 1);
      out.putInt(group.getKey()); // relative target port
    }
    out.putInt(0, out.position() - 4);
    nexus.reply(task, out, task.cdbUnsigned32(6));
  }
}
