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
  SAVING_NOT_SUPPORTED(0x5, 0x39, 0x00),
  POWER_ON(0x6, 0x29, 0x00),
  DEVICE_RESET(0x6, 0x29, 0x03),
  MODE_CHANGED(0x6, 0x2A, 0x01),
  ACCESS_STATE_CHANGED(0x6, 0x2A, 0x06),
  CAPACITY_CHANGED(0x6, 0x2A, 0x09),
  COMMANDS_CLEARED(0x6, 0x2F, 0x00),
  LUNS_CHANGED(0x6, 0x3F, 0x0E),
  SPACE_ALLOCATION_FAILED(0x7, 0x27, 0x07),
  UNEXPECTED_UNSOLICITED_DATA(0xB, 0x0C, 0x0C),
  NOT_ENOUGH_UNSOLICITED_DATA(0xB, 0x0C, 0x0D),
  DATA_PHASE_ERROR(0xB, 0x4B, 0x00),
  MISCOMPARE(0xE, 0x1D, 0x00);

  /** Length of both encodings as this target makes them. */
  static final int FIXED_BYTES = 18;

  static final int DESCRIPTOR_BYTES = 8;

  final int key;
  final int asc;
  final int ascq;

  Sense(int key, int asc, int ascq) {
    this.key = key;
    this.asc = asc;
    this.ascq = ascq;
  }

  /** Puts the sense data at {@code at}, zeroing what it covers, and tells its length. */
  int encode(ByteBuffer out, int at, boolean descriptor) {
    if (descriptor) {
      out.putLong(at, 0x72L << 56 | (long) key << 48 | (long) asc << 40 | (long) ascq << 32);
      return DESCRIPTOR_BYTES;
    }
    for (int i = 0; i < FIXED_BYTES; i++) {
      out.put(at + i, (byte) 0);
    }
    out.put(at, (byte) 0x70);
    out.put(at + 2, (byte) key);
    out.put(at + 7, (byte) (FIXED_BYTES - 8));
    out.put(at + 12, (byte) asc);
    out.put(at + 13, (byte) ascq);
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
