package io.bascule.iscsi;

import io.bascule.iscsi.TargetCore.NexusName;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The parameter list of PERSISTENT RESERVE OUT (SPC-4, 6.16.3 and 6.16.4). */
final class ReserveOutList {
  // Service actions.
  static final int REGISTER = 0;
  static final int RESERVE = 1;
  static final int RELEASE = 2;
  static final int CLEAR = 3;
  static final int PREEMPT = 4;
  static final int PREEMPT_AND_ABORT = 5;
  static final int REGISTER_AND_IGNORE = 6;
  static final int REGISTER_AND_MOVE = 7;

  /** Without what SPEC_I_PT and REGISTER AND MOVE add. */
  static final int BYTES = 24;

  /** Room for as many TransportIDs as there may be registrations, of a usual length. */
  static final int MAX_BYTES = 65_536;

  private static final int FLAGS_AT = 20;
  private static final int PORT_AT = 18;
  private static final int SPEC_I_PT = 0x08;
  private static final int ALL_TG_PT = 0x04;
  private static final int UNREG = 0x02;
  private static final int APTPL = 0x01;

  private ReserveOutList() {}

  /** Reads the list of a command that came by this nexus; it has all its bytes. */
  static ReserveOut parse(Nexus nexus, byte[] cdb, ByteBuffer list) throws RefusedListException {
    int action = cdb[1] & 0x1F;
    long key = list.getLong(0);
    long newKey = list.getLong(8);
    if (action == REGISTER_AND_MOVE) {
      return move(nexus, key, newKey, list);
    }
    int flags = list.get(FLAGS_AT);
    boolean registers = action == REGISTER || action == REGISTER_AND_IGNORE;
    boolean specifies = (flags & SPEC_I_PT) != 0;
    if (specifies && action != REGISTER) {
      throw RefusedListException.field(FLAGS_AT);
    }
    if (!specifies && list.limit() != BYTES) {
      throw RefusedListException.cut();
    }
    // Only whole units can be reserved: scope 0.
    ReservationType type = (cdb[2] & 0xF0) == 0 ? ReservationType.of(cdb[2] & 0x0F) : null;
    if (registers) {
      if (!TransportId.isName(nexus.name.initiatorName())) {
        throw new RefusedListException(Sense.INSUFFICIENT_REGISTRATION_RESOURCES, -1);
      }
      Set<Integer> ports =
          (flags & ALL_TG_PT) != 0
              ? nexus.view.model().access.keySet()
              : Set.of(nexus.name.groupTag());
      return new ReserveOut.Register(
          key,
          newKey,
          action == REGISTER_AND_IGNORE,
          through(ports, nexus.name),
          specifies ? Optional.of(specified(nexus, ports, list)) : Optional.empty(),
          (flags & APTPL) != 0);
    }
    return switch (action) {
      case RESERVE -> new ReserveOut.Reserve(key, type);
      case RELEASE -> new ReserveOut.Release(key, type);
      case CLEAR -> new ReserveOut.Clear(key);
      case PREEMPT, PREEMPT_AND_ABORT ->
          new ReserveOut.Preempt(key, newKey, type, action == PREEMPT_AND_ABORT);
      default -> throw new IllegalArgumentException("service action " + action);
    };
  }

  /** The nexuses of one initiator port with these target ports; that of the command first. */
  private static List<NexusName> through(Set<Integer> ports, NexusName initiator) {
    Set<NexusName> nexuses = new LinkedHashSet<>();
    if (ports.contains(initiator.groupTag())) {
      nexuses.add(initiator);
    }
    for (int port : ports) {
      nexuses.add(new NexusName(initiator.initiatorName(), initiator.isid(), port));
    }
    return List.copyOf(nexuses);
  }

  private static List<NexusName> specified(Nexus nexus, Set<Integer> ports, ByteBuffer list)
      throws RefusedListException {
    int bytes = list.limit() < BYTES + Integer.BYTES ? -1 : list.getInt(BYTES);
    if (bytes != list.limit() - BYTES - Integer.BYTES) {
      throw RefusedListException.cut();
    }
    list.position(BYTES + Integer.BYTES);
    List<NexusName> nexuses = new ArrayList<>();
    while (list.hasRemaining()) {
      int at = list.position();
      TransportId id = take(list);
      List<Long> isids = id.isid().isPresent() ? List.of(id.isid().getAsLong()) : known(nexus, id);
      if (isids.isEmpty()) {
        throw RefusedListException.field(at);
      }
      for (long isid : isids) {
        nexuses.addAll(
            through(ports, new NexusName(id.initiatorName(), isid, nexus.name.groupTag())));
      }
    }
    return nexuses;
  }

  /** The ports by which an initiator is logged in now. */
  private static List<Long> known(Nexus nexus, TransportId id) {
    Set<Long> isids = new LinkedHashSet<>();
    for (Session session : nexus.core.sessions()) {
      if (session.nexusName().initiatorName().equals(id.initiatorName())) {
        isids.add(session.nexusName().isid());
      }
    }
    return List.copyOf(isids);
  }

  private static ReserveOut move(Nexus nexus, long key, long newKey, ByteBuffer list)
      throws RefusedListException {
    int flags = list.get(17);
    int port = list.getShort(PORT_AT) & 0xFFFF;
    int bytes = list.getInt(20);
    if (bytes != list.limit() - BYTES) {
      throw RefusedListException.cut();
    }
    list.position(BYTES);
    TransportId id = take(list);
    if (list.hasRemaining() || id.isid().isEmpty()) {
      throw RefusedListException.field(BYTES);
    }
    if (!nexus.view.model().access.containsKey(port)) {
      throw RefusedListException.field(PORT_AT);
    }
    return new ReserveOut.Move(
        key,
        newKey,
        new NexusName(id.initiatorName(), id.isid().getAsLong(), port),
        (flags & UNREG) != 0,
        (flags & APTPL) != 0);
  }

  private static TransportId take(ByteBuffer list) throws RefusedListException {
    int at = list.position();
    @Nullable TransportId id = TransportId.take(list);
    if (id == null) {
      throw RefusedListException.field(at);
    }
    return id;
  }
}
