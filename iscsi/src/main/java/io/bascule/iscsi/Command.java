package io.bascule.iscsi;

import java.util.HexFormat;

/**
 * A SCSI command this target knows: one row of a family's table.
 *
 * @param name as the standards write it
 * @param serviceAction {@link #NO_ACTION} for an opcode that has none
 * @param usage the CDB usage bitmap of REPORT SUPPORTED OPERATION CODES; its length is the CDB's
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
record Command(
    String name,
    int opcode,
    int serviceAction,
    byte[] usage,
    Needs needs,
    CommandAccess access,
    Task.Step start) {
  static final int NO_ACTION = -1;

  private static final int ACTION_BITS = 0x1F;

  /** What must be there before the command can run. */
  enum Needs {
    /** A medium behind it: an active path. */
    MEDIUM,
    /** The same, and it changes what is there: no write protection. */
    WRITABLE,
    /** A unit, in whatever access state (SPC-4, 5.15.2). */
    UNIT,
    /** Not even a unit; answered past any unit attention. */
    NOTHING
  }

  /** A command that is known by its opcode; {@code usage} in hexadecimal. */
  static Command of(String name, String usage, Needs needs, Task.Step start) {
    byte[] bitmap = parse(usage);
    return make(name, bitmap, NO_ACTION, needs, start);
  }

  /** A command that shares its opcode; the lower bits of the bitmap's byte 1 are its action. */
  static Command ofAction(String name, String usage, Needs needs, Task.Step start) {
    byte[] bitmap = parse(usage);
    return make(name, bitmap, bitmap[1] & ACTION_BITS, needs, start);
  }

  private static Command make(
      String name, byte[] bitmap, int action, Needs needs, Task.Step start) {
    int opcode = bitmap[0] & 0xFF;
    return new Command(
        name, opcode, action, bitmap, needs, CommandAccess.of(opcode, action), start);
  }

  private static byte[] parse(String usage) {
    return HexFormat.ofDelimiter(" ").parseHex(usage);
  }

  /** Answered whether or not the LUN exists, past any unit attention. */
  boolean withoutUnit() {
    return needs == Needs.NOTHING;
  }

  /** Refused by a unit that is write protected. */
  boolean writes() {
    return needs == Needs.WRITABLE;
  }

  /** Allowed in every access state. */
  boolean inStandby() {
    return needs == Needs.UNIT || needs == Needs.NOTHING;
  }
}
