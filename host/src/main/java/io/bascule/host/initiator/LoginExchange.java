package io.bascule.host.initiator;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The login phase of one connection (RFC 7143, 6.3), free of I/O: {@link #first()}, then {@link
 * #next(Pdu)} for every answer until it is {@link Step.Done} or {@link Step.Redirected}; a refusal
 * throws {@link LoginException}.
 *
 * <p>Security stage first (None or CHAP, one-way or mutual), then the operational stage. Owned by
 * one thread.
 */
final class LoginExchange {
  /** Rounds of a login, generously: security takes 3, negotiation 1 or 2. */
  private static final int MAX_ROUNDS = 24;

  private static final int SECURITY = 0;
  private static final int OPERATIONAL = 1;
  private static final int FULL_FEATURE = 3;

  private static final SecureRandom RANDOM = new SecureRandom();

  /** What to do after an answer. */
  sealed interface Step {
    record Send(OutPdu pdu) implements Step {}

    /** Logged in. {@code expStatSn}, {@code cmdSn} and {@code maxCmdSn} open the next phase. */
    record Done(Negotiated negotiated, int tsih, int cmdSn, int expStatSn, int maxCmdSn)
        implements Step {}

    /** Log in there instead: the text of TargetAddress without its group tag. */
    record Redirected(String address) implements Step {}
  }

  private final InitiatorOptions options;
  private final byte[] isid;
  private final @Nullable String target;
  private final @Nullable Credentials credentials;
  private final Map<String, String> answers = new LinkedHashMap<>();
  private final ByteArrayOutputStream partial = new ByteArrayOutputStream();
  private int stage = SECURITY;
  private boolean challenged;
  private boolean offered;
  private int rounds;
  private int expStatSn;
  private byte @Nullable [] ourChallenge;
  private int ourIdentifier;
  private int algorithm;

  /** {@code target} null makes a discovery session. */
  LoginExchange(
      InitiatorOptions options,
      byte[] isid,
      @Nullable String target,
      @Nullable Credentials credentials) {
    this.options = options;
    this.isid = isid.clone();
    this.target = target;
    this.credentials = credentials;
  }

  OutPdu first() {
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put("InitiatorName", options.initiatorName());
    keys.put("InitiatorAlias", "bascule-host");
    keys.put("SessionType", target == null ? "Discovery" : "Normal");
    if (target != null) {
      keys.put("TargetName", target);
    }
    keys.put("AuthMethod", credentials == null ? "None" : "CHAP,None");
    // With credentials the target chooses first; without, we are ready to go on.
    return request(keys, credentials == null, OPERATIONAL);
  }

  Step next(Pdu answer) throws IOException {
    if (answer.opcode() != Opcode.LOGIN_RESPONSE) {
      throw new ProtocolException(String.format("opcode %02x in the login phase", answer.opcode()));
    }
    if (++rounds > MAX_ROUNDS) {
      throw new ProtocolException("login does not end");
    }
    int statusClass = answer.byteAt(36);
    if (statusClass > 1) {
      throw new LoginException(statusClass, answer.byteAt(37));
    }
    partial.writeBytes(answer.dataBytes());
    if (partial.size() > TextKeys.MAX_BYTES) {
      throw new ProtocolException("login text is too long");
    }
    expStatSn = answer.statSn() + 1;
    if ((answer.flags() & 0x40) != 0) {
      return new Step.Send(request(Map.of(), false, stage)); // C: more text follows
    }
    Map<String, String> received = new LinkedHashMap<>();
    for (Map.Entry<String, String> key : TextKeys.decode(partial.toByteArray())) {
      received.put(key.getKey(), key.getValue());
    }
    partial.reset();
    answers.putAll(received);
    if (statusClass == 1) {
      return redirected(received);
    }
    boolean transit = (answer.flags() & 0x80) != 0;
    int nextStage = answer.flags() & 3;
    if (transit) {
      if (nextStage <= stage) {
        throw new ProtocolException("login moves from stage " + stage + " to " + nextStage);
      }
      if (stage == SECURITY) {
        requireProof(received);
      }
      stage = nextStage;
    }
    return switch (stage) {
      case SECURITY -> new Step.Send(security(received));
      case OPERATIONAL -> new Step.Send(operational());
      default -> done(answer);
    };
  }

  private static Step redirected(Map<String, String> received) throws ProtocolException {
    String address = received.get("TargetAddress");
    if (address == null) {
      throw new ProtocolException("redirected to nowhere");
    }
    int comma = address.lastIndexOf(',');
    return new Step.Redirected(comma < 0 ? address : address.substring(0, comma));
  }

  private OutPdu security(Map<String, String> received) throws IOException {
    if (received.containsKey("CHAP_C")) {
      return respond(received);
    }
    String method = answers.get("AuthMethod");
    if ("None".equals(method)) {
      return request(Map.of(), true, OPERATIONAL);
    }
    if (!"CHAP".equals(method) || credentials == null || challenged) {
      throw new ProtocolException("the target asks for AuthMethod=" + method);
    }
    challenged = true;
    return request(Map.of("CHAP_A", Chap.OFFERED_ALGORITHMS), false, OPERATIONAL);
  }

  private OutPdu respond(Map<String, String> received) throws IOException {
    Credentials ours = credentials;
    if (ours == null) {
      throw new ProtocolException("challenged without credentials");
    }
    try {
      algorithm = Integer.parseInt(received.getOrDefault("CHAP_A", ""));
      int identifier = Integer.decode(received.getOrDefault("CHAP_I", ""));
      byte[] challenge = Chap.decode(received.getOrDefault("CHAP_C", ""));
      Map<String, String> keys = new LinkedHashMap<>();
      keys.put("CHAP_N", ours.user());
      keys.put(
          "CHAP_R", Chap.encode(Chap.response(algorithm, identifier, ours.secret(), challenge)));
      if (ours.mutual()) {
        byte[] back = new byte[24];
        RANDOM.nextBytes(back);
        ourChallenge = back;
        ourIdentifier = RANDOM.nextInt(256);
        keys.put("CHAP_I", Integer.toString(ourIdentifier));
        keys.put("CHAP_C", Chap.encode(back));
      }
      return request(keys, true, OPERATIONAL);
    } catch (NumberFormatException e) {
      throw new ProtocolException("CHAP challenge is malformed: " + e.getMessage());
    }
  }

  /** Mutual CHAP: the target leaves the security stage only after it proved who it is. */
  private void requireProof(Map<String, String> received) throws IOException {
    if (credentials == null || !credentials.mutual()) {
      return;
    }
    byte[] challenge = ourChallenge;
    String secret = credentials.targetSecret();
    if (challenge == null || secret == null) {
      throw new ProtocolException("the target skipped mutual CHAP");
    }
    byte[] expected = Chap.response(algorithm, ourIdentifier, secret, challenge);
    byte[] proof = Chap.decode(received.getOrDefault("CHAP_R", ""));
    String name = received.get("CHAP_N");
    boolean nameHolds = credentials.targetUser() == null || credentials.targetUser().equals(name);
    if (!nameHolds || !MessageDigest.isEqual(expected, proof)) {
      throw new ProtocolException("the target failed mutual CHAP");
    }
  }

  private OutPdu operational() {
    if (offered) {
      return request(Map.of(), true, FULL_FEATURE);
    }
    offered = true;
    Map<String, String> keys = new LinkedHashMap<>();
    String digests = options.digests() ? "CRC32C,None" : "None";
    keys.put("HeaderDigest", digests);
    keys.put("DataDigest", digests);
    keys.put("MaxRecvDataSegmentLength", Integer.toString(Negotiated.RECEIVE_SEGMENT_BYTES));
    keys.put("DefaultTime2Wait", "0");
    keys.put("DefaultTime2Retain", "0");
    keys.put("ErrorRecoveryLevel", "0");
    if (target != null) {
      keys.put("InitialR2T", options.initialR2T() ? "Yes" : "No");
      keys.put("ImmediateData", options.immediateData() ? "Yes" : "No");
      keys.put("MaxBurstLength", Integer.toString(Negotiated.MAX_BURST_BYTES));
      keys.put("FirstBurstLength", Integer.toString(Negotiated.FIRST_BURST_BYTES));
      keys.put("MaxOutstandingR2T", "1");
      keys.put("MaxConnections", "1");
      keys.put("DataPDUInOrder", "Yes");
      keys.put("DataSequenceInOrder", "Yes");
    }
    return request(keys, true, FULL_FEATURE);
  }

  private Step done(Pdu answer) throws ProtocolException {
    int tsih = answer.header().getShort(14) & 0xffff;
    // The login's CmdSN is 1 and not consumed, since login requests are immediate.
    return new Step.Done(Negotiated.of(answers, options), tsih, 1, expStatSn, answer.maxCmdSn());
  }

  private OutPdu request(Map<String, String> keys, boolean transit, int nextStage) {
    int flags = stage << 2 | (transit ? 0x80 | nextStage : 0);
    ByteBuffer header = OutPdu.header(Opcode.LOGIN | Opcode.IMMEDIATE, flags);
    header.put(8, Arrays.copyOf(isid, 6));
    header.putInt(16, 0);
    header.putInt(24, 1);
    header.putInt(28, expStatSn);
    return OutPdu.of(header, TextKeys.encode(keys));
  }
}
