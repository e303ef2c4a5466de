package io.bascule.iscsi;

import io.bascule.core.Check;
import io.bascule.iscsi.TargetCore.NexusName;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reservations as they are kept:
 *
 * <pre>
 * u8   version, 1
 * u8   1: outlives a loss of power (APTPL)
 * u8   type, 0 without a persistent reservation
 * s32  PRGENERATION
 * s16  place of the holder among the registrations, -1 without one
 * text name of the time since the appliance was last without power
 * u16  registrations; of each:
 *   s64  key
 *   s64  ISID
 *   u16  target portal group tag
 *   text initiator name
 * </pre>
 *
 * A text is its length in bytes (u16), then UTF-8. Releases of both sides of an upgrade read it: a
 * change is a new version, written only once no older release can come back.
 */
final class ReservationCodec {
  private static final int VERSION = 1;

  /** A name of a nexus is at most so long; iSCSI names have 223 bytes. */
  static final int NAME_BYTES = 255;

  private static final int HEAD_BYTES = 13;
  private static final int REGISTRATION_BYTES = 20;

  private ReservationCodec() {}

  static byte[] encode(String power, Reservations state) {
    byte[] powerBytes = power.getBytes(StandardCharsets.UTF_8);
    int bytes = HEAD_BYTES + powerBytes.length;
    for (NexusName nexus : state.keys.keySet()) {
      bytes += REGISTRATION_BYTES + utf8(nexus).length;
    }
    ByteBuffer out = ByteBuffer.allocate(bytes);
    out.put((byte) VERSION).put((byte) (state.aptpl ? 1 : 0));
    out.put((byte) (state.type == null ? 0 : state.type.code));
    out.putInt(state.generation);
    out.putShort((short) place(state));
    text(out, powerBytes);
    out.putShort((short) state.keys.size());
    for (Map.Entry<NexusName, Long> each : state.keys.entrySet()) {
      NexusName nexus = each.getKey();
      out.putLong(each.getValue()).putLong(nexus.isid()).putShort((short) nexus.groupTag());
      text(out, utf8(nexus));
    }
    Check.that(!out.hasRemaining(), "%d bytes too many", out.remaining());
    return out.array();
  }

  private static byte[] utf8(NexusName nexus) {
    return nexus.initiatorName().getBytes(StandardCharsets.UTF_8);
  }

  private static void text(ByteBuffer out, byte[] utf8) {
    out.putShort((short) utf8.length).put(utf8);
  }

  private static int place(Reservations state) {
    int place = 0;
    for (NexusName nexus : state.keys.keySet()) {
      if (nexus.equals(state.holder)) {
        return place;
      }
      place++;
    }
    return -1;
  }

  /**
   * What was kept, and what is left of it if the power was lost in between; null if it cannot be
   * read.
   */
  static @Nullable Reservations decode(String power, byte[] content) {
    ByteBuffer in = ByteBuffer.wrap(content);
    try {
      Reservations state = decode(power, in);
      return in.hasRemaining() ? null : state;
    } catch (BufferUnderflowException e) {
      return null;
    }
  }

  private static @Nullable Reservations decode(String power, ByteBuffer in) {
    int version = in.get();
    int flags = in.get();
    int code = in.get();
    ReservationType type = ReservationType.of(code);
    if (version != VERSION || flags >> 1 != 0 || code != 0 && type == null) {
      return null;
    }
    int generation = in.getInt();
    int place = in.getShort();
    boolean samePower = text(in).equals(power);
    int count = in.getShort() & 0xFFFF;
    var keys = new LinkedHashMap<NexusName, Long>();
    NexusName holder = null;
    for (int i = 0; i < count; i++) {
      long key = in.getLong();
      long isid = in.getLong();
      int tag = in.getShort() & 0xFFFF;
      var nexus = new NexusName(text(in), isid, tag);
      if (keys.put(nexus, key) != null) {
        return null;
      }
      holder = i == place ? nexus : holder;
    }
    if (place < -1 || place >= count) {
      return null;
    }
    Reservations state = Reservations.recall(generation, flags == 1, keys, type, holder);
    return state == null || samePower ? state : state.afterPowerLoss();
  }

  private static String text(ByteBuffer in) {
    byte[] utf8 = new byte[Math.min(in.getShort() & 0xFFFF, in.remaining() + 1)];
    in.get(utf8);
    return new String(utf8, StandardCharsets.UTF_8);
  }
}
