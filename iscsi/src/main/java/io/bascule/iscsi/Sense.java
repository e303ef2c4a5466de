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
  OPERATION_IN_PROGRESS(0x5, 0x00, 0x16),
  PARAMETER_LIST_LENGTH(0x5, 0x1A, 0x00),
  INVALID_OPCODE(0x5, 0x20, 0x00),
  LBA_OUT_OF_RANGE(0x5, 0x21, 0x00),
  INVALID_FIELD_IN_CDB(0x5, 0x24, 0x00),
  LUN_NOT_SUPPORTED(0x5, 0x25, 0x00),
  INVALID_FIELD_IN_PARAMETER_LIST(0x5, 0x26, 0x00),
  INVALID_RELEASE(0x5, 0x26, 0x04),
  TOO_MANY_COPY_TARGETS(0x5, 0x26, 0x06),
  UNSUPPORTED_COPY_TARGET(0x5, 0x26, 0x07),
  TOO_MANY_COPY_SEGMENTS(0x5, 0x26, 0x08),
  UNSUPPORTED_COPY_SEGMENT(0x5, 0x26, 0x09),
  INLINE_DATA_LENGTH_EXCEEDED(0x5, 0x26, 0x0B),
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
  COPY_ABORTED(0xA, 0x00, 0x00),
  UNREACHABLE_COPY_TARGET(0xA, 0x08, 0x04),
  COPY_TARGET_FAILURE(0xA, 0x0D, 0x01),
  COPY_TARGET_NOT_REACHABLE(0xA, 0x0D, 0x02),
  WRONG_COPY_TARGET_TYPE(0xA, 0x0D, 0x03),
  UNEXPECTED_UNSOLICITED_DATA(0xB, 0x0C, 0x0C),
  NOT_ENOUGH_UNSOLICITED_DATA(0xB, 0x0C, 0x0D),
  DATA_PHASE_ERROR(0xB, 0x4B, 0x00),
  MISCOMPARE(0xE, 0x1D, 0x00);

  /** The longest sense data this target makes. */
  static final int MAX_BYTES = 40;

  private static final int FIXED_BYTES = 18;
  private static final int DESCRIPTOR_HEADER_BYTES = 8;

  final int key;
  final int asc;
  final int ascq;

  Sense(int key, int asc, int ascq) {
    this.key = key;
    this.asc = asc;
    this.ascq = ascq;
  }

  /** Puts the sense data at {@code at}, zeroing what it covers, and tells its length. */
  int encode(ByteBuffer out, int at, boolean descriptor, SenseDetail detail) {
    return descriptor ? encodeDescriptors(out, at, detail) : encodeFixed(out, at, detail);
  }

  private int encodeDescriptors(ByteBuffer out, int at, SenseDetail detail) {
    out.putLong(at, 0x72L << 56 | (long) key << 48 | (long) asc << 40 | (long) ascq << 32);
    int end = at + DESCRIPTOR_HEADER_BYTES;
    if (detail.information() != SenseDetail.ABSENT) {
      out.putInt(end, 0x000A8000).putLong(end + 4, detail.information());
      end += 12;
    }
    if (detail.segment() != SenseDetail.ABSENT) {
      out.putInt(end, 0x010A0000).putLong(end + 4, (long) detail.segment() << 32);
      end += 12;
    }
    if (detail.specific() != 0) {
      out.putInt(end, 0x02060000).putInt(end + 4, detail.specific() << 8);
      end += 8;
    }
    out.put(at + 7, (byte) (end - at - DESCRIPTOR_HEADER_BYTES)); // ADDITIONAL SENSE LENGTH
    return end - at;
  }

  private int encodeFixed(ByteBuffer out, int at, SenseDetail detail) {
    for (int i = 0; i < FIXED_BYTES; i++) {
      out.put(at + i, (byte) 0);
    }
    out.put(at, (byte) 0x70);
    out.put(at + 2, (byte) key);
    if (detail.information() != SenseDetail.ABSENT) {
      out.put(at, (byte) 0xF0).putInt(at + 3, (int) detail.information()); // VALID
    }
    out.put(at + 7, (byte) (FIXED_BYTES - 8));
    if (detail.segment() != SenseDetail.ABSENT) {
      out.putInt(at + 8, detail.segment());
    }
    out.put(at + 12, (byte) asc);
    out.put(at + 13, (byte) ascq);
    int specific = detail.specific();
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
