package io.bascule.iscsi;

import org.jspecify.annotations.Nullable;

/** The types of a persistent reservation (SPC-4, 6.15.3.4). */
enum ReservationType {
  WRITE_EXCLUSIVE(1, true, Users.HOLDER),
  EXCLUSIVE_ACCESS(3, false, Users.HOLDER),
  WRITE_EXCLUSIVE_REGISTRANTS_ONLY(5, true, Users.REGISTRANTS),
  EXCLUSIVE_ACCESS_REGISTRANTS_ONLY(6, false, Users.REGISTRANTS),
  WRITE_EXCLUSIVE_ALL_REGISTRANTS(7, true, Users.REGISTRANTS_HOLD),
  EXCLUSIVE_ACCESS_ALL_REGISTRANTS(8, false, Users.REGISTRANTS_HOLD);

  /** TYPE MASK of REPORT CAPABILITIES: all of them. */
  static final short MASK = (short) 0xEA01;

  /** Whom it leaves the unit to. */
  private enum Users {
    HOLDER,
    REGISTRANTS,
    /** Every registered nexus is a holder. */
    REGISTRANTS_HOLD
  }

  final int code;

  /** Whether everybody may read. */
  final boolean leavesReads;

  private final Users users;

  ReservationType(int code, boolean leavesReads, Users users) {
    this.code = code;
    this.leavesReads = leavesReads;
    this.users = users;
  }

  static @Nullable ReservationType of(int code) {
    for (ReservationType type : values()) {
      if (type.code == code) {
        return type;
      }
    }
    return null;
  }

  /** Whether who is registered may use the unit, too. */
  boolean servesRegistrants() {
    return users != Users.HOLDER;
  }

  boolean allHold() {
    return users == Users.REGISTRANTS_HOLD;
  }
}
