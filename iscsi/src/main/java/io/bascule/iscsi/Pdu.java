package io.bascule.iscsi;

import java.nio.ByteBuffer;

/** Opcodes, flags and field offsets of the basic header segment (RFC 7143, 11). */
final class Pdu {
  static final int BHS_BYTES = 48;
  static final int DIGEST_BYTES = 4;
  static final int MAX_AHS_BYTES = 255 * 4;

  // From the initiator.
  static final int NOP_OUT = 0x00;
  static final int SCSI_COMMAND = 0x01;
  static final int TASK_MANAGEMENT = 0x02;
  static final int LOGIN = 0x03;
  static final int TEXT = 0x04;
  static final int DATA_OUT = 0x05;
  static final int LOGOUT = 0x06;
  static final int SNACK = 0x10;

  // From the target.
  static final int NOP_IN = 0x20;
  static final int SCSI_RESPONSE = 0x21;
  static final int TASK_MANAGEMENT_RESPONSE = 0x22;
  static final int LOGIN_RESPONSE = 0x23;
  static final int TEXT_RESPONSE = 0x24;
  static final int DATA_IN = 0x25;
  static final int LOGOUT_RESPONSE = 0x26;
  static final int R2T = 0x31;
  static final int ASYNC_MESSAGE = 0x32;
  static final int REJECT = 0x3F;

  /** In byte 0: deliver at once, without a place in the command order. */
  static final int IMMEDIATE = 0x40;

  /** In byte 1: the last PDU of a sequence. */
  static final int FINAL = 0x80;

  // Offsets that most PDUs share.
  static final int FLAGS = 1;
  static final int AHS_LENGTH = 4;
  static final int DATA_LENGTH = 4; // as an int whose upper byte is the AHS length
  static final int LUN = 8;
  static final int ITT = 16;
  static final int TTT = 20;
  static final int CMD_SN = 24;
  static final int STAT_SN = 24;
  static final int EXP_STAT_SN = 28;
  static final int EXP_CMD_SN = 28;
  static final int MAX_CMD_SN = 32;
  static final int DATA_SN = 36;
  static final int BUFFER_OFFSET = 40;

  /** The tag that means "none". */
  static final int NO_TAG = 0xFFFFFFFF;

  // Reasons of a Reject (11.17.1).
  static final int REJECT_DATA_DIGEST = 0x02;
  static final int REJECT_PROTOCOL = 0x04;
  static final int REJECT_UNSUPPORTED = 0x05;
  static final int REJECT_TOO_MANY_IMMEDIATE = 0x06;

  private Pdu() {}

  static int opcode(ByteBuffer in, int base) {
    return in.get(base) & 0x3F;
  }

  static boolean immediate(ByteBuffer in, int base) {
    return (in.get(base) & IMMEDIATE) != 0;
  }

  static int flags(ByteBuffer in, int base) {
    return in.get(base + FLAGS) & 0xFF;
  }

  static int dataLength(ByteBuffer in, int base) {
    return in.getInt(base + DATA_LENGTH) & 0xFFFFFF;
  }

  static int padded(int bytes) {
    return (bytes + 3) & ~3;
  }

  /**
   * The number in an 8-byte LUN field: peripheral or flat addressing, single level (SAM-5, 4.7).
   *
   * @return -1 if it is anything else
   */
  static int lun(ByteBuffer in, int base) {
    long field = in.getLong(base + LUN);
    if ((field & 0x0000FFFFFFFFFFFFL) != 0) {
      return -1;
    }
    int first = (int) (field >>> 48);
    return switch (first >>> 14) {
      case 0 -> (first & 0x3F00) == 0 ? first & 0xFF : -1;
      case 1 -> first & 0x3FFF;
      default -> -1;
    };
  }
}
