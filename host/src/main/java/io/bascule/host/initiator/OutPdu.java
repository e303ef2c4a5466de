package io.bascule.host.initiator;

import io.bascule.core.Check;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * One PDU to be sent: a header and a range of the caller's data, which must not change until it is
 * on the wire. Digests and padding are added while encoding (RFC 7143, 11.2.3: padding is covered
 * by the data digest).
 */
@SuppressWarnings("ArrayRecordComponent") // the caller's buffer, lent; never compared
record OutPdu(ByteBuffer header, byte[] data, int offset, int length) {
  private static final byte[] NONE = new byte[0];

  OutPdu {
    Check.that(header.capacity() == Pdu.HEADER_BYTES, "header of %d bytes", header.capacity());
    Check.that(length < 1 << 24, "data segment of %d bytes", length);
    header.putInt(4, length); // TotalAHSLength is 0
  }

  static ByteBuffer header(int opcode, int flags) {
    ByteBuffer header = ByteBuffer.allocate(Pdu.HEADER_BYTES);
    header.put(0, (byte) opcode);
    header.put(1, (byte) flags);
    return header;
  }

  static OutPdu of(ByteBuffer header) {
    return new OutPdu(header, NONE, 0, 0);
  }

  static OutPdu of(ByteBuffer header, byte[] data) {
    return new OutPdu(header, data, 0, data.length);
  }

  int encodedBytes(boolean headerDigest, boolean dataDigest) {
    int padded = (length + 3) & ~3;
    return Pdu.HEADER_BYTES + (headerDigest ? 4 : 0) + padded + (dataDigest && length > 0 ? 4 : 0);
  }

  void encode(ByteBuffer out, boolean headerDigest, boolean dataDigest) {
    out.put(header.slice(0, Pdu.HEADER_BYTES));
    if (headerDigest) {
      CRC32C crc = new CRC32C();
      crc.update(header.slice(0, Pdu.HEADER_BYTES));
      putDigest(out, crc);
    }
    if (length == 0) {
      return;
    }
    int start = out.position();
    out.put(data, offset, length);
    for (int pad = length; (pad & 3) != 0; pad++) {
      out.put((byte) 0);
    }
    if (dataDigest) {
      CRC32C crc = new CRC32C();
      crc.update(out.slice(start, out.position() - start));
      putDigest(out, crc);
    }
  }

  /** A digest is sent with its least significant byte first (RFC 7143, 13.1 and appendix A). */
  private static void putDigest(ByteBuffer out, CRC32C crc) {
    out.putInt(Integer.reverseBytes((int) crc.getValue()));
  }
}
