package io.bascule.host.initiator;

import static io.bascule.host.initiator.ScsiCommand.BLOCK_BYTES;

import io.bascule.core.Check;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A logical unit as a plain block device of 512-byte blocks: each call is one SCSI command and
 * waits for its answer. Every answer except GOOD is a {@link ScsiException}. For any number of
 * threads.
 */
public final class BlockDevice implements AutoCloseable {
  /**
   * What READ CAPACITY(16) says (SBC-4, 5.20).
   *
   * @param thin blocks can be deallocated (LBPME)
   * @param trimmedReadZero deallocated blocks read as zeros (LBPRZ)
   */
  public record Capacity(
      long blocks, int blockBytes, int physicalBlockBytes, boolean thin, boolean trimmedReadZero) {
    public long sizeBytes() {
      return blocks * blockBytes;
    }
  }

  /** The strings of standard INQUIRY data. */
  public record Identity(int deviceType, String vendor, String product, String revision) {}

  private final Session session;
  private final Capacity capacity;

  private BlockDevice(Session session, Capacity capacity) {
    this.session = session;
    this.capacity = capacity;
  }

  /** Logs in and asks for the capacity. */
  public static BlockDevice open(TargetUrl url, InitiatorOptions options) throws IOException {
    Session session = Session.connect(url, options);
    boolean opened = false;
    try {
      byte[] data = new byte[32];
      session.require(ScsiCommand.readCapacity16(data));
      ByteBuffer fields = ByteBuffer.wrap(data);
      Capacity capacity =
          new Capacity(
              fields.getLong(0) + 1,
              fields.getInt(8),
              fields.getInt(8) << (data[13] & 0x0f),
              (data[14] & 0x80) != 0,
              (data[14] & 0x40) != 0);
      if (capacity.blockBytes() != BLOCK_BYTES) {
        throw new IOException(url + " has blocks of " + capacity.blockBytes() + " bytes, not 512");
      }
      opened = true;
      return new BlockDevice(session, capacity);
    } finally {
      if (!opened) {
        session.close();
      }
    }
  }

  public static BlockDevice open(String url) throws IOException {
    return open(TargetUrl.parse(url), InitiatorOptions.defaults());
  }

  public Session session() {
    return session;
  }

  public Capacity capacity() {
    return capacity;
  }

  public byte[] read(long lba, int blocks) throws IOException {
    byte[] data = new byte[blocks * BLOCK_BYTES];
    ScsiResult result = session.require(ScsiCommand.read16(lba, data, 0, blocks));
    if (result.received() != data.length) {
      throw new IOException("READ(16) gave " + result.received() + " of " + data.length + " bytes");
    }
    return data;
  }

  public void write(long lba, byte[] data) throws IOException {
    write(lba, data, false);
  }

  public void write(long lba, byte[] data, boolean fua) throws IOException {
    Check.that(data.length % BLOCK_BYTES == 0, "%d bytes are no whole blocks", data.length);
    session.require(ScsiCommand.write16(lba, data, 0, data.length / BLOCK_BYTES, fua));
  }

  /** SYNCHRONIZE CACHE of the whole unit. */
  public void flush() throws IOException {
    session.require(ScsiCommand.synchronizeCache16(0, 0));
  }

  public void unmap(long lba, int blocks) throws IOException {
    session.require(ScsiCommand.unmap(lba, blocks));
  }

  public void writeSame(long lba, int blocks, byte[] block) throws IOException {
    session.require(ScsiCommand.writeSame16(lba, blocks, block, false));
  }

  public Identity inquiry() throws IOException {
    byte[] data = new byte[96];
    session.require(ScsiCommand.inquiry(data));
    return new Identity(data[0] & 0x1f, text(data, 8, 8), text(data, 16, 16), text(data, 32, 4));
  }

  /** A vital product data page, as long as the unit says it is. */
  public byte[] inquiryPage(int page) throws IOException {
    byte[] data = new byte[1024];
    ScsiResult result = session.require(ScsiCommand.inquiryPage(page, data));
    int length = 4 + (ByteBuffer.wrap(data).getShort(2) & 0xffff);
    return Arrays.copyOf(data, Math.min(length, result.received()));
  }

  /** The unit serial number, VPD page 80h. */
  public String serial() throws IOException {
    byte[] page = inquiryPage(0x80);
    return text(page, 4, page.length - 4);
  }

  /** LUNs of the target, as this initiator may see them. */
  public List<Integer> reportLuns() throws IOException {
    byte[] data = new byte[8 + 8 * 512];
    ScsiResult result = session.require(ScsiCommand.reportLuns(data));
    ByteBuffer fields = ByteBuffer.wrap(data);
    int end = Math.min(result.received(), 8 + fields.getInt(0));
    List<Integer> luns = new ArrayList<>();
    for (int at = 8; at + 8 <= end; at += 8) {
      luns.add(fields.getShort(at) & 0x3fff);
    }
    return luns;
  }

  private static String text(byte[] data, int offset, int length) {
    return new String(data, offset, Math.max(0, length), StandardCharsets.US_ASCII).trim();
  }

  @Override
  public void close() {
    session.close();
  }
}
