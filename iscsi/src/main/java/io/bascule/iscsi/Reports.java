package io.bascule.iscsi;

import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Commands that tell about the unit and the target rather than of what is on the medium. */
final class Reports {
  private Reports() {}

  static void requestSense(Nexus nexus, Task task) {
    boolean descriptor = (task.cdb8(1) & 1) != 0;
    Sense sense = Sense.LUN_NOT_SUPPORTED;
    if (task.unit != null) {
      Sense attention = nexus.view.unitAttentions.take(task.lun);
      sense = attention == null ? Sense.NONE : attention;
    }
    ByteBuffer out = nexus.scratch.clear();
    out.position(sense.encode(out, 0, descriptor));
    nexus.reply(task, out, task.cdb8(4));
  }

  static void readCapacity10(Nexus nexus, Task task) {
    if (task.cdb32(2) != 0 && (task.cdb8(8) & 1) == 0) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
      return;
    }
    long last = task.unit().blocks - 1;
    ByteBuffer out = nexus.scratch.clear();
    out.putInt((int) Math.min(last, 0xFFFFFFFFL)).putInt(512);
    nexus.reply(task, out, out.position());
  }

  static void readCapacity16(Nexus nexus, Task task) {
    ByteBuffer out = nexus.scratch.clear();
    out.putLong(task.unit().blocks - 1).putInt(512);
    out.put((byte) 0);
    out.put((byte) 3); // 2^3 logical blocks in a physical one
    out.putShort((short) 0xC000); // LBPME, LBPRZ, aligned at 0
    out.putLong(0).putLong(0);
    nexus.reply(task, out, ReadWrite.unsigned(task.cdb32(10)));
  }

  static void reportLuns(Nexus nexus, Task task) {
    int select = task.cdb8(2);
    long allocation = ReadWrite.unsigned(task.cdb32(6));
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
  static void targetPortGroups(Nexus nexus, Task task) {
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
    nexus.reply(task, out, ReadWrite.unsigned(task.cdb32(6)));
  }

  static void managementFunctions(Nexus nexus, Task task) {
    boolean longer = (task.cdb8(2) & 0x80) != 0;
    long allocation = ReadWrite.unsigned(task.cdb32(6));
    if (allocation < 4) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
      return;
    }
    ByteBuffer out = nexus.scratch.clear();
    out.putInt(0xDA000000); // abort task, abort and clear task set, LUN and target reset
    if (longer) {
      out.put(3, (byte) 12).putLong(0).putInt(0);
    }
    nexus.reply(task, out, allocation);
  }

  /** REPORT SUPPORTED OPERATION CODES (SPC-4, 6.35). */
  static void opcodes(Nexus nexus, Task task) {
    boolean timeouts = (task.cdb8(2) & 0x80) != 0;
    int option = task.cdb8(2) & 7;
    ByteBuffer out = nexus.scratch.clear();
    if (option == 0) {
      out.putInt(0);
      for (Command command : Commands.all()) {
        list(command, timeouts, out);
      }
      out.putInt(0, out.position() - 4);
    } else {
      int opcode = task.cdb8(3);
      boolean hasActions = Commands.hasActions(opcode);
      if (option > 3 || option == 1 && hasActions || option == 2 && !hasActions) {
        nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
        return;
      }
      one(Commands.find(opcode, task.cdb16(4)), timeouts, out);
    }
    nexus.reply(task, out, ReadWrite.unsigned(task.cdb32(6)));
  }

  private static void list(Command command, boolean timeouts, ByteBuffer out) {
    boolean action = command.serviceAction() >= 0;
    out.put((byte) command.opcode()).put((byte) 0);
    out.putShort((short) (action ? command.serviceAction() : 0));
    out.put((byte) 0).put((byte) ((timeouts ? 2 : 0) | (action ? 1 : 0)));
    out.putShort((short) command.usage().length);
    if (timeouts) {
      timeouts(out);
    }
  }

  private static void one(@Nullable Command command, boolean timeouts, ByteBuffer out) {
    if (command == null) {
      out.putInt(0x00010000); // not supported
      return;
    }
    out.put((byte) 0).put((byte) ((timeouts ? 0x80 : 0) | 3)); // as the standard has it
    out.putShort((short) command.usage().length);
    out.put(command.usage());
    if (timeouts) {
      timeouts(out);
    }
  }

  /** A timeouts descriptor that recommends nothing. */
  private static void timeouts(ByteBuffer out) {
    out.putShort((short) 10).putShort((short) 0).putLong(0);
  }
}
