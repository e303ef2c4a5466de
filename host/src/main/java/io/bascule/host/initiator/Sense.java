package io.bascule.host.initiator;

import org.jspecify.annotations.Nullable;

/** Sense key and additional codes of fixed or descriptor sense data (SPC-4, 4.5). */
public record Sense(int key, int asc, int ascq) {
  public static final int NOT_READY = 0x02;
  public static final int MEDIUM_ERROR = 0x03;
  public static final int ILLEGAL_REQUEST = 0x05;
  public static final int UNIT_ATTENTION = 0x06;
  public static final int DATA_PROTECT = 0x07;
  public static final int ABORTED_COMMAND = 0x0b;
  public static final int MISCOMPARE = 0x0e;

  /** Null if there is none, or none that can be read. */
  static @Nullable Sense parse(byte[] sense) {
    if (sense.length < 8) {
      return null;
    }
    return switch (sense[0] & 0x7f) {
      case 0x70, 0x71 ->
          new Sense(
              sense[2] & 0x0f,
              sense.length > 12 ? sense[12] & 0xff : 0,
              sense.length > 13 ? sense[13] & 0xff : 0);
      case 0x72, 0x73 -> new Sense(sense[1] & 0x0f, sense[2] & 0xff, sense[3] & 0xff);
      default -> null;
    };
  }

  /**
   * In mid-change between controllers, or becoming ready: not an error, a moment later it works.
   */
  boolean passesByItself() {
    return key == NOT_READY && asc == 0x04 && (ascq == 0x01 || ascq == 0x0a || ascq == 0x0b);
  }

  /** What a person who mistyped something may meet; empty for everything else. */
  String inWords() {
    return key == ILLEGAL_REQUEST && asc == 0x25
        ? " (there is no such LUN, or this initiator may not use it)"
        : "";
  }

  /** As storage people write it: {@code 05/20/00}. */
  @Override
  public String toString() {
    return String.format("%02x/%02x/%02x", key, asc, ascq);
  }
}
