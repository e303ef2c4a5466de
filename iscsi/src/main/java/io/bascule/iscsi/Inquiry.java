package io.bascule.iscsi;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** INQUIRY and the vital product data pages (SPC-4, 6.4 and 7.8; SBC-3, 6.6). */
final class Inquiry {
  static final String VENDOR = "BASCULE ";
  static final String PRODUCT = "VOLUME          ";
  private static final String REVISION = "0001";

  /** Peripheral qualifier 011b, device type 1Fh: no unit can be there. */
  private static final int NO_UNIT = 0x7F;

  private static final byte[] PAGES = {
    0x00, (byte) 0x80, (byte) 0x83, (byte) 0x86, (byte) 0xB0, (byte) 0xB1, (byte) 0xB2
  };

  private Inquiry() {}

  static void inquiry(Nexus nexus, Task task) {
    boolean vital = (task.cdb8(1) & 1) != 0;
    int page = task.cdb8(2);
    LogicalUnit unit = task.unit;
    if (!vital && page != 0 || (task.cdb8(1) & 2) != 0 || vital && unit == null) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
      return;
    }
    ByteBuffer out = nexus.scratch.clear();
    if (!vital || unit == null) {
      standard(out, unit == null ? NO_UNIT : 0);
    } else if (!page(nexus, unit, page, out)) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
      return;
    }
    nexus.reply(task, out, task.cdb16(3));
  }

  private static void standard(ByteBuffer out, int peripheral) {
    out.put((byte) peripheral).put((byte) 0);
    out.put((byte) 6); // SPC-4
    out.put((byte) 0x12); // HISUP, response data format 2
    out.put((byte) (96 - 5));
    out.put((byte) 0x10); // TPGS 01b: implicit ALUA
    out.put((byte) 0x10); // MULTIP
    out.put((byte) 0x02); // CMDQUE
    ascii(out, VENDOR);
    ascii(out, PRODUCT);
    ascii(out, REVISION);
    while (out.position() < 58) {
      out.put((byte) 0);
    }
    // SAM-5, iSCSI, SPC-4, SBC-3, none claimed to a revision.
    out.putShort((short) 0x00A0).putShort((short) 0x0960);
    out.putShort((short) 0x0460).putShort((short) 0x04C0);
    while (out.position() < 96) {
      out.put((byte) 0);
    }
  }

  /** Lays out the page; false if there is none of that number. */
  private static boolean page(Nexus nexus, LogicalUnit unit, int page, ByteBuffer out) {
    out.put((byte) 0).put((byte) page).putShort((short) 0);
    switch (page) {
      case 0x00 -> out.put(PAGES);
      case 0x80 -> ascii(out, unit.serial);
      case 0x83 -> identification(nexus, unit, out);
      case 0x86 -> {
        out.put((byte) 0);
        out.put((byte) 0x01); // SIMPSUP
        out.put((byte) 0x01); // V_SUP: the cache is volatile
        zeros(out, 0x3C - 3);
      }
      case 0xB0 -> blockLimits(out);
      case 0xB1 -> {
        out.putShort((short) 1); // does not rotate
        zeros(out, 0x3C - 2);
      }
      case 0xB2 -> {
        out.put((byte) 0);
        out.put((byte) 0xE4); // LBPU, LBPWS, LBPWS10, LBPRZ 001b
        out.put((byte) 0x02).put((byte) 0); // thin
      }
      default -> {
        return false;
      }
    }
    out.putShort(2, (short) (out.position() - 4));
    return true;
  }

  private static void blockLimits(ByteBuffer out) {
    out.put((byte) 1); // WSNZ
    out.put((byte) Compare.MAX_COMPARE_BLOCKS);
    out.putShort((short) 8); // a physical block
    out.putInt(ReadWrite.MAX_TRANSFER_BLOCKS);
    out.putInt(2048); // 1 MiB is best
    out.putInt(0);
    out.putInt(Provisioning.MAX_UNMAP_BLOCKS);
    out.putInt(Provisioning.MAX_UNMAP_DESCRIPTORS);
    out.putInt(Provisioning.UNMAP_GRANULARITY_BLOCKS);
    out.putInt(0x80000000); // aligned at 0
    out.putLong(Provisioning.MAX_WRITE_SAME_BLOCKS);
    zeros(out, 4 + 0x3C - out.position());
  }

  private static void identification(Nexus nexus, LogicalUnit unit, ByteBuffer out) {
    descriptor(out, 0x01, 0x03, 8); // NAA of the unit
    out.putLong(unit.naa);
    descriptor(out, 0x02, 0x01, 8 + unit.serial.length()); // T10 vendor identification
    ascii(out, VENDOR);
    ascii(out, unit.serial);
    int tag = nexus.portal.groupTag();
    descriptor(out, 0x51, 0x14, 4); // relative target port, of the port (PIV, iSCSI)
    out.putInt(tag);
    descriptor(out, 0x51, 0x15, 4); // target port group
    out.putInt(tag);
    String iqn = nexus.targetName;
    name(out, 0x98, String.format("%s,t,0x%04x", iqn, tag)); // SCSI name of the port
    name(out, 0xA8, iqn); // and of the device
  }

  private static void descriptor(ByteBuffer out, int protocolAndSet, int type, int length) {
    boolean port = protocolAndSet >= 0x50;
    out.put((byte) protocolAndSet);
    out.put((byte) (port ? 0x80 | type : type));
    out.put((byte) 0).put((byte) length);
  }

  /** A SCSI name string: UTF-8, ended by zeros to a multiple of four. */
  private static void name(ByteBuffer out, int pivAssociationType, String name) {
    int length = name.length() + 4 & ~3;
    out.put((byte) 0x53).put((byte) pivAssociationType);
    out.put((byte) 0).put((byte) length);
    ascii(out, name);
    zeros(out, length - name.length());
  }

  private static void ascii(ByteBuffer out, String text) {
    out.put(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static void zeros(ByteBuffer out, int count) {
    for (int i = 0; i < count; i++) {
      out.put((byte) 0);
    }
  }
}
