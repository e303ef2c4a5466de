package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.UNIT;

import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** MODE SENSE (SPC-4, 6.11): headers and block descriptors; the pages are {@link ModePage}s. */
final class Modes {
  static final List<Command> COMMANDS =
      List.of(
          Command.of("MODE SENSE (6)", "1A 08 FF FF FF 00", UNIT, Modes::sense6),
          Command.of("MODE SENSE (10)", "5A 18 FF FF 00 00 00 FF FF 00", UNIT, Modes::sense10));

  private static final int DPO_AND_FUA = 0x10;
  private static final int CHANGEABLE = 1;
  private static final int SAVED = 3;

  private Modes() {}

  private static void sense6(Nexus nexus, Task task) {
    ByteBuffer out = nexus.scratch.clear();
    out.put((byte) 0).put((byte) 0).put((byte) DPO_AND_FUA).put((byte) 0);
    boolean block = (task.cdb8(1) & 0x08) == 0;
    if (block) {
      blockDescriptor(task, out);
      out.put(3, (byte) 8);
    }
    Sense failure = pages(task, out);
    if (failure != null) {
      nexus.fail(task, failure);
      return;
    }
    out.put(0, (byte) (out.position() - 1));
    nexus.reply(task, out, task.cdb8(4));
  }

  private static void sense10(Nexus nexus, Task task) {
    ByteBuffer out = nexus.scratch.clear();
    out.putShort((short) 0).put((byte) 0).put((byte) DPO_AND_FUA);
    boolean block = (task.cdb8(1) & 0x08) == 0;
    boolean longer = (task.cdb8(1) & 0x10) != 0;
    out.put((byte) (block && longer ? 1 : 0)).put((byte) 0);
    out.putShort((short) (block ? longer ? 16 : 8 : 0));
    if (block && longer) {
      out.putLong(task.unit().blocks).putInt(0).putInt(512);
    } else if (block) {
      blockDescriptor(task, out);
    }
    Sense failure = pages(task, out);
    if (failure != null) {
      nexus.fail(task, failure);
      return;
    }
    out.putShort(0, (short) (out.position() - 2));
    nexus.reply(task, out, task.cdb16(7));
  }

  private static void blockDescriptor(Task task, ByteBuffer out) {
    out.putInt((int) Math.min(task.unit().blocks, 0xFFFFFFFFL)).putInt(512);
  }

  private static @Nullable Sense pages(Task task, ByteBuffer out) {
    int control = task.cdb8(2) >> 6;
    int wanted = task.cdb8(2) & 0x3F;
    int subpage = task.cdb8(3);
    if (control == SAVED) {
      return Sense.SAVING_NOT_SUPPORTED;
    }
    if (subpage != 0 && subpage != 0xFF) {
      return Sense.INVALID_FIELD_IN_CDB;
    }
    boolean found = false;
    for (ModePage page : ModePage.PAGES) {
      if (page.isAskedFor(wanted)) {
        found = true;
        page.put(control == CHANGEABLE, out);
      }
    }
    return found ? null : Sense.INVALID_FIELD_IN_CDB;
  }
}
