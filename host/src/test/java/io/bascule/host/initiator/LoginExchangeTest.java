package io.bascule.host.initiator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class LoginExchangeTest {
  private static final InitiatorOptions OPTIONS = InitiatorOptions.defaults();
  private static final byte[] ISID = {(byte) 0x80, 1, 2, 3, 4, 5};

  private static Map<String, String> keys(OutPdu request) throws Exception {
    Map<String, String> keys = new LinkedHashMap<>();
    TextKeys.decode(request.data()).forEach(key -> keys.put(key.getKey(), key.getValue()));
    return keys;
  }

  private static int flags(OutPdu request) {
    return request.header().get(1) & 0xff;
  }

  private static Pdu answer(int flags, int statSn, String... pairs) {
    return status(flags, statSn, 0, 0, pairs);
  }

  private static Pdu status(int flags, int statSn, int statusClass, int detail, String... pairs) {
    ByteBuffer header = ByteBuffer.allocate(48);
    header.put(0, (byte) Opcode.LOGIN_RESPONSE).put(1, (byte) flags);
    header.putShort(14, (short) 7).putInt(24, statSn).putInt(28, 1).putInt(32, 33);
    header.put(36, (byte) statusClass).put(37, (byte) detail);
    Map<String, String> keys = new LinkedHashMap<>();
    for (String pair : pairs) {
      keys.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
    }
    return new Pdu(header, ByteBuffer.wrap(TextKeys.encode(keys)));
  }

  private static OutPdu send(LoginExchange.Step step) {
    assertThat(step).isInstanceOf(LoginExchange.Step.Send.class);
    return ((LoginExchange.Step.Send) step).pdu();
  }

  @Test
  void shouldLogInWithoutCredentials() throws Exception {
    LoginExchange login = new LoginExchange(OPTIONS, ISID, "iqn.t", null);
    OutPdu first = login.first();
    assertThat(flags(first)).isEqualTo(0x81); // transit from security to operational
    assertThat(keys(first))
        .containsEntry("InitiatorName", OPTIONS.initiatorName())
        .containsEntry("TargetName", "iqn.t")
        .containsEntry("SessionType", "Normal")
        .containsEntry("AuthMethod", "None");

    OutPdu second = send(login.next(answer(0x81, 10, "TargetPortalGroupTag=3", "AuthMethod=None")));
    assertThat(flags(second)).isEqualTo(0x87); // operational to full feature
    assertThat(second.header().getInt(28)).isEqualTo(11);

    LoginExchange.Step end =
        login.next(
            answer(
                0x87,
                11,
                "MaxRecvDataSegmentLength=8192",
                "FirstBurstLength=65536",
                "MaxBurstLength=262144",
                "InitialR2T=No",
                "ImmediateData=Yes"));
    assertThat(end)
        .isEqualTo(
            new LoginExchange.Step.Done(
                new Negotiated(false, false, 8192, 262_144, 65_536, true, true), 7, 1, 12, 33));
  }

  @Test
  void shouldProveItsSecretAndAskForTheTargets() throws Exception {
    Credentials credentials = new Credentials("host", "hostsecret12", "array", "arraysecret12");
    LoginExchange login = new LoginExchange(OPTIONS, ISID, "iqn.t", credentials);
    assertThat(keys(login.first())).containsEntry("AuthMethod", "CHAP,None");
    OutPdu algorithms = send(login.next(answer(0x00, 1, "AuthMethod=CHAP")));
    assertThat(keys(algorithms)).containsOnlyKeys("CHAP_A");
    OutPdu proof =
        send(login.next(answer(0x00, 2, "CHAP_A=7", "CHAP_I=5", "CHAP_C=0x0102030405060708")));
    Map<String, String> keys = keys(proof);
    assertThat(keys).containsEntry("CHAP_N", "host");
    assertThat(keys.get("CHAP_R"))
        .isEqualTo(proofOf("SHA-256", 5, "hostsecret12", "0102030405060708"));

    String right =
        proofOf(
            "SHA-256",
            Integer.parseInt(Objects.requireNonNull(keys.get("CHAP_I"))),
            "arraysecret12",
            Objects.requireNonNull(keys.get("CHAP_C")).substring(2));
    OutPdu operational = send(login.next(answer(0x81, 3, "CHAP_N=array", "CHAP_R=" + right)));
    assertThat(keys(operational)).containsKey("MaxBurstLength");
  }

  @Test
  void shouldRefuseATargetThatFailsMutualChap() throws Exception {
    Credentials credentials = new Credentials("host", "hostsecret12", "array", "arraysecret12");
    LoginExchange login = new LoginExchange(OPTIONS, ISID, "iqn.t", credentials);
    login.first();
    login.next(answer(0x00, 1, "AuthMethod=CHAP"));
    login.next(answer(0x00, 2, "CHAP_A=5", "CHAP_I=5", "CHAP_C=0x01020304"));
    assertThatThrownBy(
            () -> login.next(answer(0x81, 3, "CHAP_N=array", "CHAP_R=0x" + "00".repeat(16))))
        .hasMessageContaining("failed mutual CHAP");
  }

  @Test
  void shouldRefuseATargetThatSkipsMutualChap() throws Exception {
    Credentials credentials = new Credentials("host", "hostsecret12", null, "arraysecret12");
    LoginExchange login = new LoginExchange(OPTIONS, ISID, "iqn.t", credentials);
    login.first();
    assertThatThrownBy(() -> login.next(answer(0x81, 1, "AuthMethod=None")))
        .hasMessageContaining("skipped mutual CHAP");
  }

  @Test
  void shouldFollowARedirection() throws Exception {
    LoginExchange login = new LoginExchange(OPTIONS, ISID, "iqn.t", null);
    login.first();
    assertThat(login.next(status(0, 1, 1, 1, "TargetAddress=[::1]:3261,2")))
        .isEqualTo(new LoginExchange.Step.Redirected("[::1]:3261"));
  }

  @Test
  void shouldTellARefusal() throws Exception {
    LoginExchange login = new LoginExchange(OPTIONS, ISID, "iqn.t", null);
    login.first();
    assertThatThrownBy(() -> login.next(status(0, 1, 2, 1)))
        .isInstanceOfSatisfying(LoginException.class, e -> assertThat(e.statusClass()).isEqualTo(2))
        .hasMessageContaining("authentication failed");
  }

  @Test
  void shouldPutTextOfSeveralPdusTogether() throws Exception {
    LoginExchange login = new LoginExchange(OPTIONS, ISID, "iqn.t", null);
    login.first();
    OutPdu empty = send(login.next(answer(0x40, 1, "TargetPortalGroupTag=1")));
    assertThat(empty.length()).isZero();
    assertThat(keys(send(login.next(answer(0x81, 2, "AuthMethod=None")))))
        .containsKey("InitialR2T");
  }

  @Test
  void shouldEndALoginThatDoesNotEnd() throws Exception {
    LoginExchange login = new LoginExchange(OPTIONS, ISID, "iqn.t", null);
    login.first();
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 100; i++) {
                login.next(answer(0x40, i));
              }
            })
        .hasMessageContaining("does not end");
  }

  private static String proofOf(String algorithm, int identifier, String secret, String challenge)
      throws Exception {
    MessageDigest digest = MessageDigest.getInstance(algorithm);
    digest.update((byte) identifier);
    digest.update(secret.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    digest.update(HexFormat.of().parseHex(challenge));
    return "0x" + HexFormat.of().formatHex(digest.digest());
  }
}
