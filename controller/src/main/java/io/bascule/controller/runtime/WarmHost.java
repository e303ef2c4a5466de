package io.bascule.controller.runtime;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Just enough of an initiator (RFC 7143) to make a target run its usual ways once: it logs in,
 * writes and reads a block, and leaves. What the target answers is not looked at.
 */
final class WarmHost {
  private static final int HEADER_BYTES = 48;
  private static final int TIMEOUT_MILLIS = 2_000;

  private static final int SCSI_COMMAND = 0x01;
  private static final int LOGIN = 0x43;
  private static final int LOGOUT = 0x46;

  /** Transit from the operational stage to full feature. */
  private static final int TO_FULL_FEATURE = 0x87;

  private static final int FINAL = 0x80;
  private static final int FINAL_READ = 0xC1;
  private static final int FINAL_WRITE = 0xA1;
  private static final int WRITE_10 = 0x2A;
  private static final int READ_10 = 0x28;
  private static final int BLOCK_BYTES = 512;

  private int tag;

  private WarmHost() {}

  static void visit(InetSocketAddress portal, String target) throws IOException {
    try (var socket = new Socket()) {
      socket.connect(portal, TIMEOUT_MILLIS);
      socket.setSoTimeout(TIMEOUT_MILLIS);
      new WarmHost().talk(socket, target);
    }
  }

  private void talk(Socket socket, String target) throws IOException {
    var in = new DataInputStream(socket.getInputStream());
    String keys =
        "InitiatorName=iqn.2026-11.io.bascule:warm-up\0TargetName="
            + target
            + "\0SessionType=Normal\0InitialR2T=No\0ImmediateData=Yes\0";
    exchange(socket, in, pdu(LOGIN, TO_FULL_FEATURE, keys.getBytes(StandardCharsets.US_ASCII)));
    for (int i = 0; i < 20; i++) {
      exchange(socket, in, command(WRITE_10, FINAL_WRITE, new byte[BLOCK_BYTES]));
      exchange(socket, in, command(READ_10, FINAL_READ, new byte[0]));
    }
    exchange(socket, in, pdu(LOGOUT, FINAL, new byte[0]));
  }

  private byte[] command(int operation, int flags, byte[] data) {
    byte[] pdu = pdu(SCSI_COMMAND, flags, data);
    ByteBuffer.wrap(pdu)
        .putInt(20, BLOCK_BYTES)
        .putInt(24, Math.max(0, tag - 2))
        .put(32, (byte) operation)
        .put(40, (byte) 1);
    return pdu;
  }

  /** The header with its data, padded. */
  private byte[] pdu(int opcode, int flags, byte[] data) {
    byte[] bytes = new byte[HEADER_BYTES + (data.length + 3) / 4 * 4];
    var pdu = ByteBuffer.wrap(bytes);
    pdu.put(0, (byte) opcode).put(1, (byte) flags).putInt(4, data.length);
    if (opcode == LOGIN) {
      pdu.put(8, (byte) 0x80);
    }
    pdu.putInt(16, ++tag);
    pdu.put(HEADER_BYTES, data);
    return bytes;
  }

  private static void exchange(Socket socket, DataInputStream in, byte[] pdu) throws IOException {
    socket.getOutputStream().write(pdu);
    byte[] header = new byte[HEADER_BYTES];
    in.readFully(header);
    in.skipNBytes((ByteBuffer.wrap(header).getInt(4) & 0xFFFFFF) + 3 & ~3);
  }
}
