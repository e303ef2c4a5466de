package io.bascule.iscsi;

/**
 * What sense data says beside the key and the codes (SPC-4, 4.5.2).
 *
 * @param information what INFORMATION has, or {@link #ABSENT}
 * @param segment the segment descriptor that a copy failed at, told in COMMAND-SPECIFIC
 *     INFORMATION, or {@link #ABSENT}
 * @param specific the three bytes of sense key specific data, or 0 for none
 */
record SenseDetail(long information, int segment, int specific) {
  static final int ABSENT = -1;
  static final SenseDetail NONE = new SenseDetail(ABSENT, ABSENT, 0);

  /** In the sense key specific data: it is valid (SKSV). */
  private static final int VALID = 0x800000;

  /** In that of ILLEGAL REQUEST: the field is one of the CDB, not of the parameter list (C/D). */
  private static final int OF_THE_CDB = 0x400000;

  /** Points at a byte of the CDB. */
  static SenseDetail cdbField(int at) {
    return new SenseDetail(ABSENT, ABSENT, VALID | OF_THE_CDB | at);
  }

  /** Points at a byte of the parameter list. */
  static SenseDetail listField(int at) {
    return new SenseDetail(ABSENT, ABSENT, VALID | at);
  }

  /** A number that the sense code gives a meaning to. */
  static SenseDetail information(int value) {
    return new SenseDetail(value, ABSENT, 0);
  }

  /** The segment of a copy, from 0. */
  static SenseDetail segment(int index) {
    return new SenseDetail(ABSENT, index, 0);
  }
}
