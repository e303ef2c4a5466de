package io.bascule.controller.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.controller.TestDb;
import io.bascule.controller.state.StateDb;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessTest {
  @TempDir private Path dir;
  private StateDb db;
  private Access access;
  private Instant now = Instant.parse("2026-11-22T12:00:00Z");

  private final class TestClock extends Clock {
    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }

  @BeforeEach
  void open() throws Exception {
    db = TestDb.open(dir);
    setToken("token");
    access = new Access(db, dir.resolve("hash"), new TestClock());
  }

  private void setToken(String token) throws Exception {
    byte[] hash =
        MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    Files.writeString(dir.resolve("hash"), HexFormat.of().formatHex(hash) + "\n");
  }

  @AfterEach
  void close() {
    db.close();
  }

  private void pass(Duration time) {
    now = now.plus(time);
  }

  @Test
  void shouldKnowTheTokenAndNothingLikeIt() throws Exception {
    assertThat(access.byToken("token")).isPresent();
    for (String wrong : new String[] {"", "Token", "token ", "tokentoken", "x".repeat(100_000)}) {
      assertThat(access.byToken(wrong)).as(wrong).isEmpty();
    }
    Files.delete(dir.resolve("hash"));
    assertThat(access.byToken("token")).as("no file, no token").isEmpty();
  }

  @Test
  void shouldTakeANewTokenAtOnceAndKeepSessions() throws Exception {
    String cookie = access.redeem(access.newSignInCode("anna")).orElseThrow();
    setToken("another");
    assertThat(access.byToken("another")).isPresent();
    assertThat(access.byToken("token")).isEmpty();
    assertThat(access.bySession(cookie)).hasValue("anna");
  }

  @Test
  void shouldRedeemACodeOnce() {
    String code = access.newSignInCode("anna");
    String cookie = access.redeem(code).orElseThrow();
    assertThat(access.bySession(cookie)).hasValue("anna");
    assertThat(access.redeem(code)).isEmpty();
    assertThat(access.redeem(cookie)).isEmpty();
    assertThat(access.bySession(code)).isEmpty();
  }

  @Test
  void shouldLetCodesExpire() {
    String code = access.newSignInCode("anna");
    pass(Duration.ofSeconds(601));
    assertThat(access.redeem(code)).isEmpty();
    pass(Duration.ofMinutes(-1));
    assertThat(access.redeem(code)).as("it was tried once").isEmpty();
  }

  @Test
  void shouldKeepASessionThatIsUsedAndNoOther() {
    String used = access.redeem(access.newSignInCode("anna")).orElseThrow();
    String idle = access.redeem(access.newSignInCode("otto")).orElseThrow();
    for (int day = 0; day < 40; day++) {
      pass(Duration.ofDays(1));
      assertThat(access.bySession(used)).as("day %d", day).hasValue("anna");
    }
    assertThat(access.bySession(idle)).isEmpty();
  }

  @Test
  void shouldSignNobodyOutByATakeover() {
    String cookie = access.redeem(access.newSignInCode("anna")).orElseThrow();
    db.close();
    db = TestDb.open(dir);
    access = new Access(db, dir.resolve("hash"), new TestClock());
    assertThat(access.bySession(cookie)).hasValue("anna");
    access.signOut(cookie);
    assertThat(access.bySession(cookie)).isEmpty();
  }

  @Test
  void shouldStoreNoSecret() throws Exception {
    String code = access.newSignInCode("anna");
    String cookie = access.redeem(access.newSignInCode("anna")).orElseThrow();
    db.close();
    String bytes = Files.readString(dir.resolve("state.db"), StandardCharsets.ISO_8859_1);
    db = TestDb.open(dir);
    assertThat(bytes).contains("anna").doesNotContain(code).doesNotContain(cookie);
  }
}
