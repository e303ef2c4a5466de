package io.bascule.iscsi;

import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;

/**
 * Every sense code the target makes: key, additional sense code and qualifier (SPC-4, 4.5), and
 * their encoding.
 */
enum Sense {
  NONE(0x0, 0x00, 0x00),
  BECOMING_READY(0x2, 0x04, 0x01),
  ALUA_TRANSITION(0x2, 0x04, 0x0A),
  ALUA_STANDBY(0x2, 0x04, 0x0B),
  WRITE_ERROR(0x3, 0x0C, 0x00),
  UNRECOVERED_READ_ERROR(0x3, 0x11, 0x00),
  INTERNAL_FAILURE(0x4, 0x44, 0x00),
  PARAMETER_LIST_LENGTH(0x5, 0x1A, 0x00),
  INVALID_OPCODE(0x5, 0x20, 0x00),
  LBA_OUT_OF_RANGE(0x5, 0x21, 0x00),
  INVALID_FIELD_IN_CDB(0x5, 0x24, 0x00),
  LUN_NOT_SUPPORTED(0x5, 0x25, 0x00),
  INVALID_FIELD_IN_PARAMETER_LIST(0x5, 0x26, 0x00),
  INVALID_RELEASE(0x5, 0x26, 0x04),
  SAVING_NOT_SUPPORTED(0x5, 0x39, 0x00),
  INSUFFICIENT_REGISTRATION_RESOURCES(0x5, 0x55, 0x04),
  POWER_ON(0x6, 0x29, 0x00),
  DEVICE_RESET(0x6, 0x29, 0x03),
  MODE_CHANGED(0x6, 0x2A, 0x01),
  RESERVATIONS_PREEMPTED(0x6, 0x2A, 0x03),
  RESERVATIONS_RELEASED(0x6, 0x2A, 0x04),
  REGISTRATIONS_PREEMPTED(0x6, 0x2A, 0x05),
  ACCESS_STATE_CHANGED(0x6, 0x2A, 0x06),
  CAPACITY_CHANGED(0x6, 0x2A, 0x09),
  COMMANDS_CLEARED(0x6, 0x2F, 0x00),
  LUNS_CHANGED(0x6, 0x3F, 0x0E),
  SOFTWARE_WRITE_PROTECTED(0x7, 0x27, 0x02),
  SPACE_ALLOCATION_FAILED(0x7, 0x27, 0x07),
  UNEXPECTED_UNSOLICITED_DATA(0xB, 0x0C, 0x0C),
  NOT_ENOUGH_UNSOLICITED_DATA(0xB, 0x0C, 0x0D),
  DATA_PHASE_ERROR(0xB, 0x4B, 0x00),
  MISCOMPARE(0xE, 0x1D, 0x00);

  /** The longest sense data this target makes. */
  static final int MAX_BYTES = 18;

  private static final int FIXED_BYTES = 18;
  private static final int DESCRIPTOR_BYTES = 8;

  /** In the three bytes of sense key specific data: they are valid (SKSV). */
  private static final int VALID = 0x800000;

  /** In those of ILLEGAL REQUEST: the field is one of the CDB, not of the parameter list (C/D). */
  private static final int OF_THE_CDB = 0x400000;

  final int key;
  final int asc;
  final int ascq;

  Sense(int key, int asc, int ascq) {
    this.key = key;
    this.asc = asc;
    this.ascq = ascq;
  }

  /** The sense key specific data that points at a byte of the CDB (SPC-4, 4.5.2.4.2). */
  static int cdbField(int at) {
    return VALID | OF_THE_CDB | at;
  }

  /** The same for a byte of the parameter list. */
  static int listField(int at) {
    return VALID | at;
  }

  /**
   * Puts the sense data at {@code at}, zeroing what it covers, and tells its length.
   *
   * @param specific the three bytes of sense key specific data, or 0 for none
   */
  int encode(ByteBuffer out, int at, boolean descriptor, int specific) {
    if (descriptor) {
      out.putLong(at, 0x72L << 56 | (long) key << 48 | (long) asc << 40 | (long) ascq << 32);
      if (specific == 0) {
        return DESCRIPTOR_BYTES;
      }
      out.put(at + 7, (byte) 8); // ADDITIONAL SENSE LENGTH
      out.putInt(at + 8, 0x02060000).putInt(at + 12, specific << 8);
      return 2 * DESCRIPTOR_BYTES;
    }
    for (int i = 0; i < FIXED_BYTES; i++) {
      out.put(at + i, (byte) 0);
    }
    out.put(at, (byte) 0x70);
    out.put(at + 2, (byte) key);
    out.put(at + 7, (byte) (FIXED_BYTES - 8));
    out.put(at + 12, (byte) asc);
    out.put(at + 13, (byte) ascq);
    out.put(at + 15, (byte) (specific >> 16)).putShort(at + 16, (short) specific);
    return FIXED_BYTES;
  }

  /** What a host is told of a failure of the store. */
  static Sense of(StoreException failure, boolean writing) {
    return switch (failure) {
      case StoreException.Full full -> SPACE_ALLOCATION_FAILED;
      case StoreException.Io io -> writing ? WRITE_ERROR : UNRECOVERED_READ_ERROR;
      case StoreException.Corrupt corrupt -> writing ? WRITE_ERROR : UNRECOVERED_READ_ERROR;
      case StoreException.TooOld old -> INTERNAL_FAILURE;
      case StoreException.TooNew newer -> INTERNAL_FAILURE;
    };
  }
}
