package io.bascule.host.initiator;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The entrance: discovery and sessions. */
public final class Initiator {
  private static final SecureRandom RANDOM = new SecureRandom();

  /** A target with its portals, each {@code host:port,group}. */
  public record Discovered(String target, List<String> portals) {}

  private Initiator() {}

  /** SendTargets=All in a discovery session (RFC 7143, appendix C). */
  public static List<Discovered> discover(
      String host, int port, @Nullable Credentials credentials, InitiatorOptions options)
      throws IOException {
    Connection.LoggedIn login = Connection.login(host, port, null, credentials, newIsid(), options);
    try (Connection connection = login.connection()) {
      long deadlineNanos = System.nanoTime() + options.loginMillis() * 1_000_000L;
      ByteArrayOutputStream text = new ByteArrayOutputStream();
      int expStatSn = login.state().expStatSn();
      int cmdSn = login.state().cmdSn();
      byte[] keys = TextKeys.encode(Map.of("SendTargets", "All"));
      int targetTag = Pdu.NO_TAG;
      while (true) {
        ByteBuffer header = OutPdu.header(Opcode.TEXT, 0x80);
        header.putInt(16, 1).putInt(20, targetTag).putInt(24, cmdSn++).putInt(28, expStatSn);
        connection.write(List.of(OutPdu.of(header, keys)));
        Pdu answer = connection.await(deadlineNanos);
        if (answer.opcode() != Opcode.TEXT_RESPONSE) {
          throw new ProtocolException(
              String.format("opcode %02x in answer to SendTargets", answer.opcode()));
        }
        text.writeBytes(answer.dataBytes());
        if (text.size() > TextKeys.MAX_BYTES) {
          throw new ProtocolException("SendTargets answer is too long");
        }
        expStatSn = answer.statSn() + 1;
        if (answer.isFinal()) {
          return parse(text.toByteArray());
        }
        targetTag = answer.targetTag();
        keys = new byte[0];
      }
    }
  }

  private static List<Discovered> parse(byte[] text) throws ProtocolException {
    List<Discovered> found = new ArrayList<>();
    for (Map.Entry<String, String> key : TextKeys.decode(text)) {
      if (key.getKey().equals("TargetName")) {
        found.add(new Discovered(key.getValue(), new ArrayList<>()));
      } else if (key.getKey().equals("TargetAddress") && !found.isEmpty()) {
        found.getLast().portals().add(key.getValue());
      }
    }
    return found;
  }

  /** A random ISID (RFC 7143, 10.9.1: type 10b), so that two of our sessions never collide. */
  static byte[] newIsid() {
    byte[] isid = new byte[6];
    RANDOM.nextBytes(isid);
    isid[0] = (byte) 0x80;
    return isid;
  }
}
