package io.bascule.iscsi;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The table of vital product data pages (SPC-4, 7.8; SBC-3, 6.6), in the order of page 00. */
final class VitalPages {
  private static final List<VitalPage> ALL =
      List.of(
          new VitalPage(0x00, VitalPages::supported),
          new VitalPage(0x80, (nexus, unit, out) -> ascii(out, unit.serial)),
          new VitalPage(0x83, VitalPages::identification),
          // Extended INQUIRY: SIMPSUP; V_SUP, the cache is volatile.
          VitalPage.fixed(0x86, 0x3C, "00 01 01"),
          new VitalPage(0x8F, ExtendedCopy::vitalPage),
          new VitalPage(0xB0, VitalPages::blockLimits),
          // Block device characteristics: does not rotate.
          VitalPage.fixed(0xB1, 0x3C, "00 01"),
          // Logical block provisioning: LBPU, LBPWS, LBPWS10, LBPRZ 001b; thin.
          VitalPage.fixed(0xB2, 4, "00 E4 02 00"));

  private VitalPages() {}

  static @Nullable VitalPage find(int number) {
    return VitalPage.find(ALL, number);
  }

  private static void supported(Nexus nexus, LogicalUnit unit, ByteBuffer out) {
    for (VitalPage page : ALL) {
      out.put((byte) page.number());
    }
  }

  private static void blockLimits(Nexus nexus, LogicalUnit unit, ByteBuffer out) {
    int start = out.position();
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
    zeros(out, start + 0x3C - out.position());
  }

  private static void identification(Nexus nexus, LogicalUnit unit, ByteBuffer out) {
    descriptor(out, 0x01, 0x03, 8); // NAA of the unit
    out.putLong(unit.naa);
    descriptor(out, 0x02, 0x01, 8 + unit.serial.length()); // T10 vendor identification
    ascii(out, Inquiry.VENDOR);
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
