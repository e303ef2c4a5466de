package io.bascule.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LoginTest {
  private static final int TO_FULL_FEATURE = 0x87;
  private static final int SECURITY_STAYS = 0x00;
  private static final int SECURITY_TO_OPERATIONAL = 0x81;

  @TempDir Path directory;
  private Lab lab;

  @BeforeEach
  void open() {
    lab = new Lab(directory);
  }

  @AfterEach
  void close() {
    lab.close();
  }

  private static String name(String iqn) {
    return "InitiatorName=" + iqn;
  }

  private static final String TARGET = "TargetName=" + Lab.IQN;

  @Test
  void shouldLogInAKnownHostAndTellTagAndLengths() throws Exception {
    Lab.Initiator host = lab.initiator();
    host.login(
        TO_FULL_FEATURE,
        name(Lab.HOST),
        TARGET,
        "MaxBurstLength=16776192",
        "InitialR2T=No",
        "HeaderDigest=CRC32C,None",
        "X-unheard.of=1");

    Lab.Answer answer = host.one();
    assertThat(answer.loginStatus()).isZero();
    assertThat(answer.flags()).isEqualTo(TO_FULL_FEATURE);
    assertThat(answer.keys())
        .containsEntry("TargetPortalGroupTag", "3")
        .containsEntry("MaxRecvDataSegmentLength", "262144")
        .containsEntry("MaxBurstLength", "1048576")
        .containsEntry("InitialR2T", "No")
        .containsEntry("HeaderDigest", "CRC32C")
        .containsEntry("X-unheard.of", "NotUnderstood");
    assertThat(host.session()).isNotNull();
  }

  @Test
  void shouldTakeTextInPieces() {
    Lab.Initiator host = lab.initiator();
    host.loginText(0x44, name(Lab.HOST).substring(0, 9));
    Lab.Answer answer = host.one();
    assertThat(answer.loginStatus()).isZero();
    assertThat(answer.flags() & 0x80).isZero();
    host.loginText(TO_FULL_FEATURE, name(Lab.HOST).substring(9) + "\0" + TARGET + "\0");
    assertThat(host.one().loginStatus()).isZero();
    assertThat(host.session()).isNotNull();
  }

  @ParameterizedTest
  @CsvSource({
    "InitiatorName=iqn.nobody, TargetName=iqn.2026-11.io.bascule:lab, 0202",
    "InitiatorName=iqn.2026-11.example:host, TargetName=iqn.other, 0203",
    "InitiatorName=iqn.2026-11.example:host, SessionType=Normal, 0207",
    "TargetName=iqn.2026-11.io.bascule:lab, SessionType=Normal, 0207",
    "InitiatorName=iqn.2026-11.example:host, SessionType=Odd, 0209",
    "InitiatorName=iqn.nobody, SessionType=Discovery, 0202",
    "InitiatorName=iqn.2026-11.example:careful, TargetName=iqn.2026-11.io.bascule:lab, 0201",
    "InitiatorName=iqn.2026-11.example:host, novalue, 0200"
  })
  void shouldRefuse(String first, String second, String status) {
    Lab.Initiator host = lab.initiator();
    host.login(TO_FULL_FEATURE, first, second);

    assertThat(host.one().loginStatus()).isEqualTo(Integer.parseInt(status, 16));
    assertThat(host.session()).isNull();
    assertThat(host.connection.closing()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"5, MD5", "6, SHA-1", "7, SHA-256", "8, SHA3-256"})
  void shouldLetInWhoProvesItself(String number, String hash) throws Exception {
    Lab.Initiator host = lab.new Initiator(Lab.CHAP_HOST, 3);
    assertThat(chap(host, "9," + number, hash, Lab.CHAP.user(), Lab.CHAP.secret())).isZero();
    host.login(TO_FULL_FEATURE, "MaxBurstLength=16384");
    assertThat(host.one().loginStatus()).isZero();
    assertThat(host.session()).isNotNull();
  }

  @ParameterizedTest
  @CsvSource({"keeper, a wrong one", "somebody, a secret of length"})
  void shouldRefuseWrongCredentials(String user, String secret) throws Exception {
    Lab.Initiator host = lab.new Initiator(Lab.CHAP_HOST, 3);
    assertThat(chap(host, "7", "SHA-256", user, secret)).isEqualTo(0x0201);
    assertThat(host.session()).isNull();
  }

  /** We have no secret of our own to prove: better no session than one that only seems mutual. */
  @Test
  void shouldRefuseMutualChap() throws Exception {
    Lab.Initiator host = lab.new Initiator(Lab.CHAP_HOST, 3);
    String secret = Lab.CHAP.secret();
    int status =
        chap(
            host, "7", "SHA-256", Lab.CHAP.user(), secret, "CHAP_I=1", "CHAP_C=0x0123456789abcdef");
    assertThat(status).isEqualTo(0x0201);
    assertThat(host.session()).isNull();
  }

  private static int chap(
      Lab.Initiator host, String list, String hash, String user, String secret, String... more)
      throws Exception {
    host.login(SECURITY_TO_OPERATIONAL, name(Lab.CHAP_HOST), TARGET, "AuthMethod=CHAP,None");
    Lab.Answer chosen = host.one();
    assertThat(chosen.keys()).containsEntry("AuthMethod", "CHAP");
    assertThat(chosen.flags() & 0x80).as("no transit yet").isZero();
    host.login(SECURITY_STAYS, "CHAP_A=" + list);
    Map<String, String> challenge = host.one().keys();
    MessageDigest digest = MessageDigest.getInstance(hash);
    digest.update((byte) Integer.parseInt(String.valueOf(challenge.get("CHAP_I"))));
    digest.update(secret.getBytes(StandardCharsets.UTF_8));
    byte[] response =
        digest.digest(
            HexFormat.of().parseHex(String.valueOf(challenge.get("CHAP_C")).substring(2)));
    List<String> keys = new ArrayList<>(List.of(more));
    keys.add("CHAP_N=" + user);
    keys.add("CHAP_R=0x" + HexFormat.of().formatHex(response));
    host.login(SECURITY_TO_OPERATIONAL, keys.toArray(String[]::new));
    return host.one().loginStatus();
  }

  @Test
  void shouldRefuseWhoseCredentialsChangedMeanwhile() throws Exception {
    Lab.Initiator host = lab.new Initiator(Lab.CHAP_HOST, 3);
    assertThat(chap(host, "7", "SHA-256", Lab.CHAP.user(), Lab.CHAP.secret())).isZero();
    Chap changed = new Chap(Lab.CHAP.user(), "another of some length");
    lab.showHosts(new Host("careful", Lab.CHAP_HOST, Optional.of(changed), Optional.empty()));
    host.login(TO_FULL_FEATURE, "MaxBurstLength=16384");
    assertThat(host.one().loginStatus()).isEqualTo(0x0202);
    assertThat(host.session()).isNull();
  }

  @Test
  void shouldRefuseAnAnswerToNoChallenge() {
    Lab.Initiator host = lab.new Initiator(Lab.CHAP_HOST, 3);
    host.login(SECURITY_STAYS, name(Lab.CHAP_HOST), TARGET, "AuthMethod=CHAP");
    assertThat(host.one().loginStatus()).isZero();
    host.login(SECURITY_TO_OPERATIONAL, "CHAP_N=keeper", "CHAP_R=0x00112233");
    assertThat(host.one().loginStatus()).isEqualTo(0x0201);
  }

  @Test
  void shouldRefuseToSkipAuthentication() {
    Lab.Initiator host = lab.new Initiator(Lab.CHAP_HOST, 3);
    host.login(SECURITY_TO_OPERATIONAL, name(Lab.CHAP_HOST), TARGET);
    assertThat(host.one().flags() & 0x80).isZero();
    host.login(TO_FULL_FEATURE, "MaxBurstLength=16384");
    assertThat(host.one().loginStatus()).isEqualTo(0x0200);
    assertThat(host.session()).isNull();
  }

  @Test
  void shouldRefuseAHostThatOffersNoAuthenticationWhereItIsNeeded() {
    Lab.Initiator host = lab.new Initiator(Lab.CHAP_HOST, 3);
    host.login(SECURITY_TO_OPERATIONAL, name(Lab.CHAP_HOST), TARGET, "AuthMethod=None");
    assertThat(host.one().loginStatus()).isEqualTo(0x0201);
  }

  @Test
  void shouldEndALoginThatNeverEnds() {
    Lab.Initiator host = lab.initiator();
    for (int i = 0; i < 40 && !host.connection.closing(); i++) {
      host.login(0x04, i == 0 ? name(Lab.HOST) : "HeaderDigest=None", TARGET);
    }
    assertThat(host.connection.closing()).isTrue();
    assertThat(host.session()).isNull();
  }

  @Test
  void shouldCloseOnAnythingButALoginFirst() {
    Lab.Initiator host = lab.initiator();
    host.nop(1);
    assertThat(host.connection.closing()).isTrue();
    assertThat(host.all()).isEmpty();
  }

  @Test
  void shouldRefuseALoginLongerThanTheDefault() {
    Lab.Initiator host = lab.initiator();
    ByteBuffer pdu = host.pdu(0x43, 0x87, new byte[8196]);
    host.send(pdu);
    assertThat(host.connection.closing()).isTrue();
  }

  @Test
  void shouldEndTheSessionThatIsReinstated() {
    Lab.Initiator old = lab.initiator().ready();
    Lab.Initiator now = lab.initiator().ready();
    assertThat(old.shut).isTrue();
    assertThat(now.session()).isNotNull();
    assertThat(lab.core.sessions()).containsExactly(now.session());
  }

  @Test
  void shouldKeepSessionsOfOtherIsidsAndPortals() {
    Lab.Initiator first = lab.initiator().ready();
    Lab.Initiator other = lab.initiator();
    other.isid++;
    other.ready();
    Lab.Initiator elsewhere = lab.new Initiator(Lab.HOST, 1).ready();
    assertThat(first.shut || other.shut || elsewhere.shut).isFalse();
  }

  @Test
  void shouldListFixedPortalsOnAFixedOneAndTheFloatingOneOnItself() throws Exception {
    assertThat(discover(1)).contains("127.0.0.1:3260,1", "127.0.0.1:3261,2").doesNotContain(",3");
    assertThat(discover(3)).contains("127.0.0.1:3262,3").doesNotContain(",1").doesNotContain(",2");
  }

  private String discover(int tag) {
    Lab.Initiator host = lab.new Initiator(Lab.HOST, tag);
    host.login(TO_FULL_FEATURE, name(Lab.HOST), "SessionType=Discovery");
    assertThat(host.one().loginStatus()).isZero();
    ByteBuffer pdu =
        host.pdu(0x40 | Pdu.TEXT, Pdu.FINAL, "SendTargets=All\0".getBytes(StandardCharsets.UTF_8));
    pdu.putInt(16, 9).putInt(20, Pdu.NO_TAG).putInt(24, host.cmdSn);
    host.send(pdu);
    return new String(host.one().payload(), StandardCharsets.UTF_8);
  }

  @Test
  void shouldTakeNoMoreInDiscoveryThanItsBufferHolds() throws Exception {
    Lab.Initiator host = lab.initiator();
    host.login(TO_FULL_FEATURE, name(Lab.HOST), "SessionType=Discovery");
    assertThat(host.one().keys()).containsEntry("MaxRecvDataSegmentLength", "8192");
    ByteBuffer pdu = host.pdu(0x40 | Pdu.NOP_OUT, Pdu.FINAL, new byte[0]);
    pdu.putInt(4, 100_000);
    host.feed(pdu);
    assertThat(host.one().opcode()).isEqualTo(Pdu.REJECT);
    assertThat(host.connection.closing()).isTrue();
  }

  @Test
  void shouldNotServeCommandsInADiscoverySession() {
    Lab.Initiator host = lab.initiator();
    host.login(TO_FULL_FEATURE, name(Lab.HOST), "SessionType=Discovery");
    assertThat(host.one().loginStatus()).isZero();
    host.read(0, 1);
    assertThat(host.one().opcode()).isEqualTo(Pdu.REJECT);
    assertThat(host.connection.closing()).isTrue();
  }
}
