package io.bascule.controller.access;

import io.bascule.controller.service.AccessService;
import io.bascule.controller.state.StateDb;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The token of {@code access.json}, one-time codes for sign-in links, and the sessions they open.
 * Secrets have 256 bits of randomness; what is stored are their SHA-256 hashes, so looking one up
 * by its hash tells an attacker nothing through time.
 */
public final class Access implements AccessService {
  private static final System.Logger LOG = System.getLogger(Access.class.getName());

  /** The appliance has one administrator. */
  private static final String ADMINISTRATOR = "administrator";

  private static final Duration CODE_LIVES = Duration.ofMinutes(10);
  private static final Duration SESSION_LIVES = Duration.ofDays(30);

  /** Not every request writes that the session is in use. */
  private static final Duration USE_NOTED_EVERY = Duration.ofHours(1);

  /** A code is made by an operator; this many unused ones are more than anybody needs. */
  private static final int CODES_MAX = 50;

  private static final int SESSIONS_MAX = 1_000;
  private static final int SECRET_MAX_CHARS = 256;

  private final StateDb db;
  private final Path tokenHash;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();

  public Access(StateDb db, Path tokenHash, Clock clock) {
    this.db = db;
    this.tokenHash = tokenHash;
    this.clock = clock;
  }

  @Override
  public Optional<String> byToken(String token) {
    if (token.isEmpty() || token.length() > SECRET_MAX_CHARS) {
      return Optional.empty();
    }
    try {
      byte[] expected = Files.readString(tokenHash).strip().getBytes(StandardCharsets.US_ASCII);
      byte[] given = hash(token).getBytes(StandardCharsets.US_ASCII);
      return MessageDigest.isEqual(expected, given) ? Optional.of(ADMINISTRATOR) : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "cannot read the access token's hash", e);
      return Optional.empty();
    }
  }

  @Override
  public Optional<String> bySession(String cookie) {
    if (cookie.isEmpty() || cookie.length() > SECRET_MAX_CHARS) {
      return Optional.empty();
    }
    String key = hash(cookie);
    Instant now = clock.instant();
    return db.transaction(sql -> {
      var session =
          sql.first(
              "SELECT name, used_at FROM sessions WHERE cookie_hash = ?",
              row -> new Session(row.getString(1), Instant.parse(row.getString(2))),
              key);
      if (session.isEmpty()) {
        return Optional.empty();
      }
      Instant used = session.get().usedAt();
      if (used.plus(SESSION_LIVES).isBefore(now)) {
        sql.update("DELETE FROM sessions WHERE cookie_hash = ?", key);
        return Optional.empty();
      }
      if (used.plus(USE_NOTED_EVERY).isBefore(now)) {
        sql.update("UPDATE sessions SET used_at = ? WHERE cookie_hash = ?", now.toString(), key);
      }
      return Optional.of(session.get().name());
    });
  }

  private record Session(String name, Instant usedAt) {}

  @Override
  public String newSignInCode(String by) {
    String code = secret();
    Instant now = clock.instant();
    db.transaction(sql -> {
      sql.update("DELETE FROM sign_in_codes WHERE expires_at < ?", now.toString());
      sql.update(
          "DELETE FROM sign_in_codes WHERE code_hash NOT IN"
              + " (SELECT code_hash FROM sign_in_codes ORDER BY expires_at DESC LIMIT ?)",
          CODES_MAX - 1);
      return sql.update(
          "INSERT INTO sign_in_codes VALUES (?, ?, ?)",
          hash(code),
          by,
          now.plus(CODE_LIVES).toString());
    });
    return code;
  }

  @Override
  public Optional<String> redeem(String code) {
    if (code.isEmpty() || code.length() > SECRET_MAX_CHARS) {
      return Optional.empty();
    }
    String cookie = secret();
    Instant now = clock.instant();
    return db.transaction(sql -> {
      var name =
          sql.first(
              "DELETE FROM sign_in_codes WHERE code_hash = ? RETURNING name, expires_at",
              row ->
                  Instant.parse(row.getString(2)).isBefore(now)
                      ? Optional.<String>empty()
                      : Optional.of(row.getString(1)),
              hash(code));
      if (name.isEmpty() || name.get().isEmpty()) {
        return Optional.empty();
      }
      sql.update(
          "DELETE FROM sessions WHERE cookie_hash NOT IN"
              + " (SELECT cookie_hash FROM sessions ORDER BY used_at DESC LIMIT ?)",
          SESSIONS_MAX - 1);
      sql.update(
          "INSERT INTO sessions VALUES (?, ?, ?, ?)",
          hash(cookie),
          name.get().get(),
          now.toString(),
          now.toString());
      return Optional.of(cookie);
    });
  }

  @Override
  public void signOut(String cookie) {
    db.transaction(sql -> sql.update("DELETE FROM sessions WHERE cookie_hash = ?", hash(cookie)));
  }

  private String secret() {
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static String hash(String secret) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
