package io.bascule.iscsi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Lays PDUs into the output buffer: {@link #begin}, fill header and data by index, {@link #end}.
 * Owned by the connection; one PDU at a time.
 */
final class PduWriter {
  private final Wire wire;
  private final CRC32C crc = new CRC32C();
  private boolean headerDigest;
  private boolean dataDigest;

  private ByteBuffer out = ByteBuffer.allocate(0);
  private int start;

  PduWriter(Wire wire) {
    this.wire = wire;
  }

  void digests(boolean header, boolean data) {
    headerDigest = header;
    dataDigest = data;
  }

  /**
   * Starts a PDU that may carry up to {@code dataBytes}. Afterwards the header, zeroed, begins at
   * {@link #start} and data at {@link #dataStart}.
   */
  ByteBuffer begin(int opcode, int flags, int dataBytes) {
    out = wire.reserve(Pdu.BHS_BYTES + 2 * Pdu.DIGEST_BYTES + Pdu.padded(dataBytes));
    start = out.position();
    out.putLong(start, (long) opcode << 56 | (long) (flags & 0xFF) << 48);
    for (int i = 8; i < Pdu.BHS_BYTES; i += 8) {
      out.putLong(start + i, 0);
    }
    return out;
  }

  int start() {
    return start;
  }

  int dataStart() {
    return start + Pdu.BHS_BYTES + (headerDigest ? Pdu.DIGEST_BYTES : 0);
  }

  /** Ends the PDU: its data segment has {@code dataBytes}, already in place. */
  void end(int dataBytes) {
    out.putInt(start + Pdu.DATA_LENGTH, dataBytes);
    int data = dataStart();
    if (headerDigest) {
      digest(start, Pdu.BHS_BYTES);
    }
    int end = data + dataBytes;
    if (dataBytes > 0) {
      while ((end - data & 3) != 0) {
        out.put(end++, (byte) 0);
      }
      if (dataDigest) {
        digest(data, end - data);
        end += Pdu.DIGEST_BYTES;
      }
    }
    out.position(end);
  }

  private void digest(int from, int length) {
    int limit = out.limit();
    crc.reset();
    out.limit(from + length).position(from);
    crc.update(out);
    out.limit(limit);
    // The wire carries the digest lowest byte first (RFC 7143, 13.1 and appendix A).
    out.order(ByteOrder.LITTLE_ENDIAN).putInt(from + length, (int) crc.getValue());
    out.order(ByteOrder.BIG_ENDIAN);
  }
}
