package io.bascule.host.initiator;

import io.bascule.core.Check;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A command descriptor block with the data that goes with it, in one direction. The buffers are the
 * caller's and must be left alone until the command has ended: it may be issued more than once.
 */
public final class ScsiCommand {
  public static final int BLOCK_BYTES = 512;

  private static final byte[] NONE = new byte[0];

  private final String name;
  private final byte[] cdb;
  private final byte[] buffer;
  private final int offset;
  private final int length;
  private final boolean writes;

  private ScsiCommand(
      String name, byte[] cdb, byte[] buffer, int offset, int length, boolean writes) {
    Check.that(cdb.length <= 16, "command block of %d bytes", cdb.length);
    Check.that(
        offset >= 0 && length >= 0 && offset + length <= buffer.length,
        "%d bytes at %d of a buffer of %d",
        length,
        offset,
        buffer.length);
    this.name = name;
    this.cdb = Arrays.copyOf(cdb, 16);
    this.buffer = buffer;
    this.offset = offset;
    this.length = length;
    this.writes = writes;
  }

  /** Any command that reads {@code into}, which may be empty. */
  public static ScsiCommand in(String name, byte[] cdb, byte[] into) {
    return new ScsiCommand(name, cdb, into, 0, into.length, false);
  }

  /** Any command that sends {@code data}. */
  public static ScsiCommand out(String name, byte[] cdb, byte[] data) {
    return new ScsiCommand(name, cdb, data, 0, data.length, true);
  }

  public static ScsiCommand testUnitReady() {
    return in("TEST UNIT READY", new byte[6], NONE);
  }

  public static ScsiCommand inquiry(byte[] into) {
    ByteBuffer cdb = cdb(6, 0x12).putShort(3, (short) into.length);
    return in("INQUIRY", bytes(cdb), into);
  }

  public static ScsiCommand inquiryPage(int page, byte[] into) {
    ByteBuffer cdb = cdb(6, 0x12).putShort(3, (short) into.length);
    cdb.put(1, (byte) 1).put(2, (byte) page);
    return in("INQUIRY", bytes(cdb), into);
  }

  public static ScsiCommand reportLuns(byte[] into) {
    return in("REPORT LUNS", bytes(cdb(12, 0xa0).putInt(6, into.length)), into);
  }

  /** {@code into} of 32 bytes. */
  public static ScsiCommand readCapacity16(byte[] into) {
    ByteBuffer cdb = cdb(16, 0x9e).put(1, (byte) 0x10).putInt(10, into.length);
    return in("READ CAPACITY(16)", bytes(cdb), into);
  }

  public static ScsiCommand read16(long lba, byte[] into, int offset, int blocks) {
    byte[] cdb = bytes(cdb(16, 0x88).putLong(2, lba).putInt(10, blocks));
    return new ScsiCommand("READ(16)", cdb, into, offset, blocks * BLOCK_BYTES, false);
  }

  /** {@code fua}: GOOD means on stable storage. */
  public static ScsiCommand write16(long lba, byte[] data, int offset, int blocks, boolean fua) {
    ByteBuffer cdb = cdb(16, 0x8a).put(1, (byte) (fua ? 0x08 : 0));
    cdb.putLong(2, lba).putInt(10, blocks);
    return new ScsiCommand("WRITE(16)", bytes(cdb), data, offset, blocks * BLOCK_BYTES, true);
  }

  /** {@code blocks} 0: to the end of the unit. */
  public static ScsiCommand synchronizeCache16(long lba, int blocks) {
    return in(
        "SYNCHRONIZE CACHE(16)", bytes(cdb(16, 0x91).putLong(2, lba).putInt(10, blocks)), NONE);
  }

  /** One range; see SBC-4, 5.37. */
  public static ScsiCommand unmap(long lba, int blocks) {
    ByteBuffer list = ByteBuffer.allocate(24);
    list.putShort((short) 22).putShort((short) 16).putInt(0).putLong(lba).putInt(blocks);
    return out("UNMAP", bytes(cdb(10, 0x42).putShort(7, (short) 24)), bytes(list));
  }

  /**
   * {@code block}: one block of data. {@code unmap} lets the unit deallocate if it is all zeros.
   */
  public static ScsiCommand writeSame16(long lba, int blocks, byte[] block, boolean unmap) {
    ByteBuffer cdb = cdb(16, 0x93).put(1, (byte) (unmap ? 0x08 : 0));
    return out("WRITE SAME(16)", bytes(cdb.putLong(2, lba).putInt(10, blocks)), block);
  }

  private static ByteBuffer cdb(int bytes, int operation) {
    return ByteBuffer.allocate(bytes).put(0, (byte) operation);
  }

  private static byte[] bytes(ByteBuffer all) {
    byte[] bytes = new byte[all.capacity()];
    all.get(0, bytes);
    return bytes;
  }

  public String name() {
    return name;
  }

  byte[] cdb() {
    return cdb;
  }

  byte[] buffer() {
    return buffer;
  }

  int offset() {
    return offset;
  }

  int length() {
    return length;
  }

  boolean writes() {
    return writes && length > 0;
  }

  boolean reads() {
    return !writes && length > 0;
  }
}
