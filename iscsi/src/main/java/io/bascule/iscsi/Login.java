package io.bascule.iscsi;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The login phase (RFC 7143, 6.3): security negotiation, operational negotiation, and a {@link
 * Session} at its end. Owned by its connection.
 *
 * <p>Invariant: no session comes out before a host that has credentials has proved itself.
 */
final class Login {
  /** What came of a login request; its answer is written already. */
  sealed interface Outcome {}

  record More() implements Outcome {}

  record Refused(String why) implements Outcome {}

  record Done(Session session) implements Outcome {}

  /** Status class and detail (RFC 7143, 11.13.5). */
  private enum Status {
    SUCCESS(0x0000),
    INITIATOR_ERROR(0x0200),
    AUTHENTICATION_FAILED(0x0201),
    AUTHORIZATION_FAILED(0x0202),
    TARGET_NOT_FOUND(0x0203),
    UNSUPPORTED_VERSION(0x0205),
    TOO_MANY_CONNECTIONS(0x0206),
    MISSING_PARAMETER(0x0207),
    UNSUPPORTED_SESSION_TYPE(0x0209),
    NO_SUCH_SESSION(0x020A),
    SERVICE_UNAVAILABLE(0x0301);

    final int code;

    Status(int code) {
      this.code = code;
    }
  }

  /** Ends the login; caught in {@link #request}. */
  private static final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;
    final Status status;

    RefusedException(Status status, String why) {
      super(why, null, false, false);
      this.status = status;
    }
  }

  private static final int SECURITY = 0;
  private static final int OPERATIONAL = 1;
  private static final int FULL_FEATURE = 3;

  /** Text of one request, spread over several PDUs by the C bit. */
  private static final int MAX_TEXT_BYTES = 16_384;

  /** A login that has not come to an end by then never will. */
  private static final int MAX_REQUESTS = 32;

  /** How long a login waits for the session it reinstates to be gone. */
  private static final long REINSTATEMENT_MILLIS = 5_000;

  private final TargetCore core;
  private final PortalSpec portal;
  private final Wire wire;
  private final PduWriter writer;
  private final SessionParameters parameters = new SessionParameters();

  private int requests;
  private int stage = -1;
  private long isid;
  private int cid;
  private int statSn;
  private int expCmdSn;
  private byte[] text = new byte[0];
  private int textBytes;
  private boolean identified;
  private boolean declared;
  private boolean proved;
  private boolean discovery;
  private String initiatorName = "";
  private @Nullable Host host;
  private @Nullable ChapExchange exchange;

  Login(TargetCore core, PortalSpec portal, Wire wire, PduWriter writer) {
    this.core = core;
    this.portal = portal;
    this.wire = wire;
    this.writer = writer;
  }

  /** Takes a login request, whose data {@code in} is limited to, and writes the answer. */
  Outcome request(ByteBuffer in, int base) {
    int flags = Pdu.flags(in, base);
    boolean transit = (flags & 0x80) != 0;
    boolean goesOn = (flags & 0x40) != 0;
    int current = flags >> 2 & 3;
    int next = flags & 3;
    Map<String, String> reply = new LinkedHashMap<>();
    try {
      checkHeader(in, base, current);
      if (transit && (goesOn || next <= current || next == 2)) {
        throw new RefusedException(Status.INITIATOR_ERROR, "stage " + current + " to " + next);
      }
      collect(in);
      if (goesOn) {
        respond(in, base, current << 2, Status.SUCCESS, 0, reply);
        return new More();
      }
      Map<String, String> keys = Keys.parse(text, textBytes);
      textBytes = 0;
      if (!identified) {
        identify(keys, reply);
      }
      boolean mayMove = current != SECURITY || security(keys, reply);
      boolean required = host != null && host.chap().isPresent();
      if (current == OPERATIONAL && required && !proved) {
        throw new RefusedException(
            Status.AUTHENTICATION_FAILED, initiatorName + " did not authenticate");
      }
      for (Map.Entry<String, String> pair : keys.entrySet()) {
        parameters.negotiate(pair.getKey(), pair.getValue(), reply);
      }
      if (!transit || !mayMove || required && !proved) {
        declare(current, reply);
        respond(in, base, current << 2, Status.SUCCESS, 0, reply);
        return new More();
      }
      declare(next == FULL_FEATURE ? OPERATIONAL : current, reply);
      stage = next;
      int answer = 0x80 | current << 2 | next;
      if (next != FULL_FEATURE) {
        respond(in, base, answer, Status.SUCCESS, 0, reply);
        return new More();
      }
      int tsih = core.newTsih();
      Session session = makeSession(tsih);
      respond(in, base, answer, Status.SUCCESS, tsih, reply);
      session.start(statSn);
      return new Done(session);
    } catch (Keys.MalformedException e) {
      return refuse(in, base, Status.INITIATOR_ERROR, String.valueOf(e.getMessage()));
    } catch (RefusedException e) {
      return refuse(in, base, e.status, String.valueOf(e.getMessage()));
    }
  }

  private Outcome refuse(ByteBuffer in, int base, Status status, String why) {
    respond(in, base, 0, status, 0, Map.of());
    return new Refused(why);
  }

  private void checkHeader(ByteBuffer in, int base, int current) throws RefusedException {
    if (++requests > MAX_REQUESTS) {
      throw new RefusedException(Status.INITIATOR_ERROR, "too many login requests");
    }
    if (stage < 0) {
      if (in.get(base + 3) != 0) {
        throw new RefusedException(Status.UNSUPPORTED_VERSION, "iSCSI version 0 only");
      }
      isid = in.getLong(base + 8) >>> 16;
      cid = in.getShort(base + 20) & 0xFFFF;
      expCmdSn = in.getInt(base + Pdu.CMD_SN);
      int tsih = in.getShort(base + 14) & 0xFFFF;
      if (tsih != 0) {
        throw core.exists(tsih)
            ? new RefusedException(Status.TOO_MANY_CONNECTIONS, "one connection a session")
            : new RefusedException(Status.NO_SUCH_SESSION, "no session " + tsih);
      }
      stage = current;
    }
    if (current != stage || current == 2 || current == FULL_FEATURE) {
      throw new RefusedException(Status.INITIATOR_ERROR, "stage " + current + " now");
    }
  }

  private void collect(ByteBuffer in) throws RefusedException {
    int more = in.remaining();
    if (textBytes + more > MAX_TEXT_BYTES) {
      throw new RefusedException(Status.INITIATOR_ERROR, "more than 16 KiB of text");
    }
    if (textBytes + more > text.length) {
      text = java.util.Arrays.copyOf(text, textBytes + more);
    }
    in.get(text, textBytes, more);
    textBytes += more;
  }

  /** Who is it, what does it want, may it? */
  private void identify(Map<String, String> keys, Map<String, String> reply)
      throws RefusedException {
    String name = keys.get("InitiatorName");
    if (name == null || name.isEmpty()) {
      throw new RefusedException(Status.MISSING_PARAMETER, "no InitiatorName");
    }
    initiatorName = name;
    String type = keys.getOrDefault("SessionType", "Normal");
    discovery = type.equals("Discovery");
    if (!discovery && !type.equals("Normal")) {
      throw new RefusedException(Status.UNSUPPORTED_SESSION_TYPE, "session type " + type);
    }
    String target = keys.get("TargetName");
    if (!discovery) {
      if (target == null) {
        throw new RefusedException(Status.MISSING_PARAMETER, "no TargetName");
      }
      if (!target.equals(core.settings.iqn())) {
        throw new RefusedException(Status.TARGET_NOT_FOUND, "no target " + target);
      }
    }
    host = core.model.host(name);
    if (host == null) {
      throw new RefusedException(Status.AUTHORIZATION_FAILED, "no host has the name " + name);
    }
    if (!discovery) {
      reply.put("TargetPortalGroupTag", Integer.toString(portal.groupTag()));
    }
    identified = true;
  }

  /** Answers whether the host may leave the security stage. */
  private boolean security(Map<String, String> keys, Map<String, String> reply)
      throws RefusedException {
    Optional<Chap> chap = host == null ? Optional.empty() : host.chap();
    String methods = keys.get("AuthMethod");
    if (methods != null) {
      String wanted = chap.isPresent() ? "CHAP" : "None";
      if (!java.util.List.of(methods.split(",", 16)).contains(wanted)) {
        throw new RefusedException(
            Status.AUTHENTICATION_FAILED,
            initiatorName + " offers " + methods + ", needed is " + wanted);
      }
      reply.put("AuthMethod", wanted);
      exchange = chap.map(ChapExchange::new).orElse(null);
      return chap.isEmpty();
    }
    ChapExchange chapNow = exchange;
    if (chapNow == null || proved) {
      return chap.isEmpty() || proved;
    }
    String list = keys.get("CHAP_A");
    if (list != null) {
      if (!chapNow.choose(list)) {
        throw new RefusedException(Status.AUTHENTICATION_FAILED, "no CHAP algorithm in " + list);
      }
      chapNow.putChallenge(reply);
      return false;
    }
    String user = keys.get("CHAP_N");
    String response = keys.get("CHAP_R");
    if (user == null || response == null || !chapNow.verify(user, response)) {
      throw new RefusedException(
          Status.AUTHENTICATION_FAILED, "wrong CHAP credentials of " + initiatorName);
    }
    if (keys.containsKey("CHAP_C")) {
      throw new RefusedException(
          Status.AUTHENTICATION_FAILED, "no credentials of our own for mutual CHAP");
    }
    proved = true;
    return true;
  }

  private void declare(int current, Map<String, String> reply) {
    if (current == OPERATIONAL && !declared) {
      declared = true;
      int bytes = discovery ? Connection.LOGIN_RECEIVE_BYTES : SessionParameters.MAX_RECEIVE_BYTES;
      reply.put("MaxRecvDataSegmentLength", Integer.toString(bytes));
    }
  }

  private Session makeSession(int tsih) throws RefusedException {
    Host known = host;
    if (known == null) {
      throw new RefusedException(Status.INITIATOR_ERROR, "not identified");
    }
    Model model = core.model;
    Host now = model.host(initiatorName);
    if (now == null || !now.sameIdentity(known)) {
      throw new RefusedException(
          Status.AUTHORIZATION_FAILED, initiatorName + " was changed while it logged in");
    }
    Session session =
        new Session(
            core,
            portal,
            wire,
            writer,
            parameters,
            new TargetCore.NexusName(initiatorName, isid, portal.groupTag()),
            tsih,
            cid,
            discovery,
            expCmdSn,
            model,
            now);
    if (!discovery) {
      Session old = core.enter(session);
      // Its last write must have landed before this session's first one.
      if (old != null && !ended(old)) {
        core.leave(session);
        throw new RefusedException(
            Status.SERVICE_UNAVAILABLE, "the session of " + initiatorName + " does not end");
      }
    }
    return session;
  }

  /** It may take as long as a disk does: no fault of this thread. */
  private boolean ended(Session old) {
    wire.beatEnds();
    try {
      return old.reinstated(REINSTATEMENT_MILLIS);
    } finally {
      wire.beat();
    }
  }

  private void respond(
      ByteBuffer in, int base, int flags, Status status, int tsih, Map<String, String> reply) {
    byte[] data = Keys.encode(reply);
    ByteBuffer out = writer.begin(Pdu.LOGIN_RESPONSE, flags, data.length);
    int at = writer.start();
    out.putLong(at + 8, in.getLong(base + 8) & ~0xFFFFL | tsih);
    out.putInt(at + Pdu.ITT, in.getInt(base + Pdu.ITT));
    out.putInt(at + Pdu.STAT_SN, statSn++);
    int cmdSn = in.getInt(base + Pdu.CMD_SN);
    out.putInt(at + Pdu.EXP_CMD_SN, cmdSn);
    out.putInt(at + Pdu.MAX_CMD_SN, cmdSn + CommandWindow.SIZE - 1);
    out.putShort(at + 36, (short) status.code);
    out.put(writer.dataStart(), data);
    writer.end(data.length);
  }
}
