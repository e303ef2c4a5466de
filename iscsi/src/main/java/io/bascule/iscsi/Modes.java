package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.MEDIUM;
import static io.bascule.iscsi.Command.Needs.UNIT;

import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * MODE SENSE and MODE SELECT (SPC-4, 6.9 to 6.12): headers and block descriptors; the pages are
 * {@link ModePage}s, what a host sends is a {@link ModeList}.
 *
 * <p>What is selected counts on the active controller, for all ports; so a standby one refuses it.
 */
final class Modes {
  static final List<Command> COMMANDS =
      List.of(
          Command.of("MODE SELECT (6)", "15 10 00 00 FF 00", MEDIUM, Modes::select6),
          Command.of("MODE SELECT (10)", "55 10 00 00 00 00 00 FF FF 00", MEDIUM, Modes::select10),
          Command.of("MODE SENSE (6)", "1A 08 FF FF FF 00", UNIT, Modes::sense6),
          Command.of("MODE SENSE (10)", "5A 18 FF FF 00 00 00 FF FF 00", UNIT, Modes::sense10));

  private static final int WRITE_PROTECTED = 0x80;
  private static final int DPO_AND_FUA = 0x10;

  // Which values MODE SENSE asks for.
  private static final int CHANGEABLE = 1;
  private static final int DEFAULT = 2;
  private static final int SAVED = 3;

  /** PF, in byte 1 of MODE SELECT: the list is made of mode pages. */
  private static final int PAGE_FORMAT = 0x10;

  private Modes() {}

  private static void sense6(Nexus nexus, Task task) {
    ByteBuffer out = nexus.scratch.clear();
    out.put((byte) 0).put((byte) 0).put(specific(task)).put((byte) 0);
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
    out.putShort((short) 0).put((byte) 0).put(specific(task));
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

  /** The device-specific parameter (SBC-3, 6.5.1). */
  private static byte specific(Task task) {
    return (byte) (DPO_AND_FUA | (task.unit().modes.writeProtected() ? WRITE_PROTECTED : 0));
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
        page.put(
            switch (control) {
              case CHANGEABLE -> page.changeable();
              case DEFAULT -> page.values();
              default -> task.unit().modes.of(page);
            },
            out);
      }
    }
    return found ? null : Sense.INVALID_FIELD_IN_CDB;
  }

  // ---- MODE SELECT ----------------------------------------------------------------------------

  private static void select6(Nexus nexus, Task task) {
    select(nexus, task, task.cdb8(4), false);
  }

  private static void select10(Nexus nexus, Task task) {
    select(nexus, task, task.cdb16(7), true);
  }

  private static void select(Nexus nexus, Task task, int bytes, boolean ten) {
    if ((task.cdb8(1) & 0x1F) != PAGE_FORMAT) {
      nexus.failField(task, 1); // also to save, or to revert to the defaults
    } else if (bytes == 0) {
      nexus.good(task);
    } else {
      nexus.stage(task, bytes, (own, done) -> selected(own, done, ten));
    }
  }

  private static void selected(Nexus nexus, Task task, boolean ten) {
    LogicalUnit unit = task.unit();
    ByteBuffer list = ByteBuffer.wrap(task.staged(), 0, task.stagedBytes);
    List<ModePage.Change> changes;
    try {
      changes = ModeList.parse(list, ten, unit.blocks);
    } catch (RefusedListException e) {
      nexus.fail(task, e);
      return;
    }
    boolean wasProtected = unit.modes.writeProtected();
    if (unit.modes.change(changes)) {
      nexus.tellOthers(unit, UnitAttentions.Kind.MODE_CHANGED);
    }
    if (!wasProtected && unit.modes.writeProtected()) {
      // What was written before is on the medium when writing is inhibited (SPC-4, 7.5.8).
      nexus.slow(task, Modes::flush, Nexus::good);
    } else {
      nexus.good(task);
    }
  }

  private static @Nullable Sense flush(Task task) {
    task.volume().flush();
    return null;
  }
}
