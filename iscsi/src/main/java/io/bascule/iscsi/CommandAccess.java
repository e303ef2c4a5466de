package io.bascule.iscsi;

/**
 * What a command does to a unit, as far as reservations care: the rows of "commands that are
 * allowed in the presence of various reservations" (SPC-4, 5.13.1; SBC-3, 4.17).
 */
enum CommandAccess {
  /** Tells what needs no protection. */
  HARMLESS,
  /** TEST UNIT READY: harmless, but where RESERVE (6) holds the unit. */
  READY,
  READ,
  WRITE,
  /** START STOP UNIT: starting is harmless. */
  START_STOP,
  /** PREVENT ALLOW MEDIUM REMOVAL: allowing is harmless. */
  PREVENT_ALLOW,
  PERSISTENT_IN,
  /** Judged by {@link Reservations#apply}. */
  PERSISTENT_OUT,
  /** RESERVE (6) and RELEASE (6), judged by {@link Reservations} too. */
  RESERVE,
  RELEASE;

  /** A command that is not listed is taken for one that writes. */
  static CommandAccess of(int opcode, int serviceAction) {
    return switch (opcode) {
      case 0x03, 0x12, 0x25, 0x4D, 0xA0 -> HARMLESS;
      case 0x00 -> READY;
      case 0x08, 0x28, 0xA8, 0x88 -> READ; // READ
      case 0x34, 0x90 -> READ; // PRE-FETCH
      case 0x2F, 0xAF, 0x8F -> READ; // VERIFY
      case 0x1A, 0x5A, 0x37, 0xB7, 0x1C, 0x3C -> READ; // modes, defects, diagnostics, buffer
      case 0x84 -> READ; // RECEIVE COPY RESULTS
      case 0x9E -> // READ CAPACITY (16), GET LBA STATUS
          serviceAction == 0x10 ? HARMLESS : serviceAction == 0x12 ? READ : WRITE;
      case 0xA3 -> // target port groups; what is supported
          switch (serviceAction) {
            case 0x0A -> HARMLESS;
            case 0x0C, 0x0D -> READ;
            default -> WRITE;
          };
      case 0x1B -> START_STOP;
      case 0x1E -> PREVENT_ALLOW;
      case 0x5E -> PERSISTENT_IN;
      case 0x5F -> PERSISTENT_OUT;
      case 0x16 -> RESERVE;
      case 0x17 -> RELEASE;
      default -> WRITE;
    };
  }

  /** What this very command does. */
  CommandAccess of(byte[] cdb) {
    return switch (this) {
      case START_STOP -> (cdb[4] & 0xF1) == 0x01 ? HARMLESS : WRITE;
      case PREVENT_ALLOW -> (cdb[4] & 0x03) == 0 ? HARMLESS : WRITE;
      case HARMLESS, READY, READ, WRITE, PERSISTENT_IN, PERSISTENT_OUT, RESERVE, RELEASE -> this;
    };
  }
}
