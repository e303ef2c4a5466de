package io.bascule.iscsi;

import io.bascule.iscsi.TargetCore.NexusName;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * An iSCSI TransportID (SPC-4, 7.6.4.6): an initiator by its name, or one of its ports by name and
 * ISID.
 *
 * @param isid empty: every port of the initiator
 */
record TransportId(String initiatorName, OptionalLong isid) {
  private static final int ISCSI = 5;
  private static final int PORT = 0x40;
  private static final String SEPARATOR = ",i,0x";
  private static final int ISID_DIGITS = 12;
  private static final int HEAD_BYTES = 4;

  /** What follows the head is at least so long, and a multiple of 4. */
  private static final int NAME_MIN = 20;

  /** Lays out that of the initiator port of a nexus. */
  static void put(ByteBuffer out, NexusName nexus) {
    byte[] name = text(nexus).getBytes(StandardCharsets.UTF_8);
    int length = nameBytes(name);
    out.put((byte) (PORT | ISCSI)).put((byte) 0).putShort((short) length);
    out.put(name).put(new byte[length - name.length]);
  }

  /** How long that is. */
  static int bytes(NexusName nexus) {
    return HEAD_BYTES + nameBytes(text(nexus).getBytes(StandardCharsets.UTF_8));
  }

  private static String text(NexusName nexus) {
    return nexus.initiatorName() + SEPARATOR + "%012x".formatted(nexus.isid());
  }

  /** With at least one zero at its end. */
  private static int nameBytes(byte[] name) {
    return Math.max(NAME_MIN, name.length + 4 & ~3);
  }

  /** Takes one from a parameter list; null if there is no whole and valid one. */
  static @Nullable TransportId take(ByteBuffer list) {
    if (list.remaining() < HEAD_BYTES) {
      return null;
    }
    int kind = list.get() & 0xFF;
    list.get();
    int length = list.getShort() & 0xFFFF;
    if ((kind & ~PORT) != ISCSI
        || length < NAME_MIN
        || length % 4 != 0
        || length > list.remaining()) {
      return null;
    }
    byte[] bytes = new byte[length];
    list.get(bytes);
    String all = new String(bytes, StandardCharsets.UTF_8);
    int end = all.indexOf('\0');
    return end < 0 ? null : parse(all.substring(0, end), (kind & PORT) != 0);
  }

  private static @Nullable TransportId parse(String text, boolean port) {
    if (!port) {
      return isName(text) ? new TransportId(text, OptionalLong.empty()) : null;
    }
    int at = text.lastIndexOf(SEPARATOR);
    if (at < 0 || !isName(text.substring(0, at))) {
      return null;
    }
    String digits = text.substring(at + SEPARATOR.length());
    boolean hex =
        !digits.isEmpty()
            && digits.length() <= ISID_DIGITS
            && digits.chars().allMatch(each -> Character.digit(each, 16) >= 0);
    return hex
        ? new TransportId(text.substring(0, at), OptionalLong.of(Long.parseLong(digits, 16)))
        : null;
  }

  /** Whether the name of an initiator is none too long to be registered. */
  static boolean isName(String text) {
    return !text.isEmpty()
        && text.getBytes(StandardCharsets.UTF_8).length <= ReservationCodec.NAME_BYTES;
  }
}
