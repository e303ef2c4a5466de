package io.bascule.host.initiator;

import io.bascule.core.Check;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a stream of bytes into PDUs. Free of I/O: read into {@link #space()}, then call {@link
 * #next()} until it returns null.
 *
 * <p>Owned by one thread. Holds at most one buffer, large enough for the largest PDU we declared to
 * accept; a longer one is a protocol error and ends the connection.
 */
final class PduDecoder {
  private static final int MAX_AHS_BYTES = 255 * 4;

  private final int maxDataBytes;
  private final ByteBuffer buffer;
  private int consumed;
  private boolean headerDigest;
  private boolean dataDigest;

  PduDecoder(int maxDataBytes) {
    this.maxDataBytes = maxDataBytes;
    int largest = Pdu.HEADER_BYTES + MAX_AHS_BYTES + 4 + maxDataBytes + 3 + 4;
    this.buffer = ByteBuffer.allocateDirect(Math.max(1 << 20, 2 * largest));
  }

  /** Digests apply from the first PDU after the login phase. */
  void useDigests(boolean header, boolean data) {
    headerDigest = header;
    dataDigest = data;
  }

  /** Where to read into; never full. Invalidates the data of PDUs handed out before. */
  ByteBuffer space() {
    if (consumed == buffer.position()) {
      buffer.clear();
      consumed = 0;
    } else if (buffer.remaining() < buffer.capacity() / 2) {
      buffer.limit(buffer.position()).position(consumed);
      buffer.compact();
      consumed = 0;
    }
    Check.that(buffer.hasRemaining(), "receive buffer is full");
    return buffer;
  }

  /** The next whole PDU, or null if more bytes are needed. */
  @Nullable Pdu next() throws ProtocolException {
    int available = buffer.position() - consumed;
    if (available < Pdu.HEADER_BYTES) {
      return null;
    }
    int lengths = buffer.getInt(consumed + 4);
    int ahsBytes = (lengths >>> 24) * 4;
    int dataBytes = lengths & 0xff_ffff;
    if (dataBytes > maxDataBytes) {
      throw new ProtocolException(
          "data segment of " + dataBytes + " bytes, more than the declared " + maxDataBytes);
    }
    int padded = (dataBytes + 3) & ~3;
    int dataAt = Pdu.HEADER_BYTES + ahsBytes + (headerDigest ? 4 : 0);
    int total = dataAt + padded + (dataDigest && dataBytes > 0 ? 4 : 0);
    if (available < total) {
      return null;
    }
    if (headerDigest) {
      checkDigest("header", consumed, Pdu.HEADER_BYTES + ahsBytes);
    }
    if (dataDigest && dataBytes > 0) {
      checkDigest("data", consumed + dataAt, padded);
    }
    byte[] header = new byte[Pdu.HEADER_BYTES];
    buffer.get(consumed, header);
    Pdu pdu = new Pdu(ByteBuffer.wrap(header), buffer.slice(consumed + dataAt, dataBytes));
    consumed += total;
    return pdu;
  }

  private void checkDigest(String what, int start, int bytes) throws ProtocolException {
    CRC32C crc = new CRC32C();
    crc.update(buffer.slice(start, bytes));
    int received = Integer.reverseBytes(buffer.getInt(start + bytes));
    if ((int) crc.getValue() != received) {
      throw new ProtocolException(what + " digest is wrong");
    }
  }
}
