package io.bascule.iscsi;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** MODE SENSE (SPC-4, 6.11): the caching, control and informational exceptions pages. */
final class Modes {
  private static final int DPO_AND_FUA = 0x10;
  private static final int ALL_PAGES = 0x3F;
  private static final int CHANGEABLE = 1;
  private static final int SAVED = 3;

  /** Caching (SBC-3, 6.5.5): WCE. */
  private static final byte[] CACHING = new byte[20];

  /** Control (SPC-4, 7.5.8). */
  private static final byte[] CONTROL = new byte[12];

  /** Informational exceptions control (SPC-4, 7.5.11): DEXCPT, nothing is reported. */
  private static final byte[] EXCEPTIONS = new byte[12];

  static {
    CACHING[0] = 0x08;
    CACHING[1] = 18;
    CACHING[2] = 0x04;
    CONTROL[0] = 0x0A;
    CONTROL[1] = 10;
    CONTROL[3] = 0x10; // unrestricted reordering
    EXCEPTIONS[0] = 0x1C;
    EXCEPTIONS[1] = 10;
    EXCEPTIONS[2] = 0x08;
  }

  private static final byte[][] PAGES = {CACHING, CONTROL, EXCEPTIONS};

  private Modes() {}

  static void sense6(Nexus nexus, Task task) {
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

  static void sense10(Nexus nexus, Task task) {
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
    for (byte[] page : PAGES) {
      if (wanted == ALL_PAGES || wanted == page[0]) {
        found = true;
        out.put(page[0]).put(page[1]);
        for (int i = 2; i < page.length; i++) {
          out.put(control == CHANGEABLE ? 0 : page[i]);
        }
      }
    }
    return found ? null : Sense.INVALID_FIELD_IN_CDB;
  }
}
