package io.bascule.host.initiator;

import java.nio.ByteBuffer;

/**
 * One PDU as received: the 48 bytes of its basic header segment (RFC 7143, 11.2.1) and its data
 * segment. {@code data} is a view of the receive buffer, valid until the decoder reads on.
 */
record Pdu(ByteBuffer header, ByteBuffer data) {
  static final int HEADER_BYTES = 48;

  /** The tag that names no task. */
  static final int NO_TAG = 0xffff_ffff;

  int opcode() {
    return header.get(0) & 0x3f;
  }

  int flags() {
    return header.get(1) & 0xff;
  }

  boolean isFinal() {
    return (flags() & 0x80) != 0;
  }

  int byteAt(int offset) {
    return header.get(offset) & 0xff;
  }

  int intAt(int offset) {
    return header.getInt(offset);
  }

  int initiatorTag() {
    return header.getInt(16);
  }

  int targetTag() {
    return header.getInt(20);
  }

  int statSn() {
    return header.getInt(24);
  }

  int maxCmdSn() {
    return header.getInt(32);
  }

  byte[] dataBytes() {
    byte[] bytes = new byte[data.remaining()];
    data.duplicate().get(bytes);
    return bytes;
  }
}
