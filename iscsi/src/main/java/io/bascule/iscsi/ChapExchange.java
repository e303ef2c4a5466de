package io.bascule.iscsi;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One CHAP exchange in which the host proves itself (RFC 7143, 12.1.3; RFC 1994). */
final class ChapExchange {
  /** The numbers of CHAP_A, and how Java calls the hash. */
  private static final Map<Integer, String> ALGORITHMS =
      Map.of(5, "MD5", 6, "SHA-1", 7, "SHA-256", 8, "SHA3-256");

  private static final SecureRandom RANDOM = new SecureRandom();

  /** Longer than any of the hashes needs; an initiator must take up to 1024. */
  private static final int CHALLENGE_BYTES = 32;

  private static final int MAX_RESPONSE_BYTES = 64;

  private final Chap chap;
  private final byte[] challenge = new byte[CHALLENGE_BYTES];
  private final int identifier;
  private int algorithm;

  ChapExchange(Chap chap) {
    this.chap = chap;
    RANDOM.nextBytes(challenge);
    identifier = RANDOM.nextInt(256);
  }

  /** Takes the initiator's list, which is in its order of preference. False: nothing in common. */
  boolean choose(String list) {
    for (String item : list.split(",", 16)) {
      String trimmed = item.trim();
      if (trimmed.length() == 1
          && Character.isDigit(trimmed.charAt(0))
          && ALGORITHMS.containsKey(trimmed.charAt(0) - '0')) {
        algorithm = trimmed.charAt(0) - '0';
        return true;
      }
    }
    return false;
  }

  void putChallenge(Map<String, String> reply) {
    reply.put("CHAP_A", Integer.toString(algorithm));
    reply.put("CHAP_I", Integer.toString(identifier));
    reply.put("CHAP_C", "0x" + HexFormat.of().formatHex(challenge));
  }

  boolean verify(String user, String response) {
    if (algorithm == 0) {
      return false; // an answer to what was never asked
    }
    byte[] given = decode(response);
    byte[] wanted = digest();
    boolean sameUser =
        MessageDigest.isEqual(
            user.getBytes(StandardCharsets.UTF_8), chap.user().getBytes(StandardCharsets.UTF_8));
    boolean sameResponse = given != null && MessageDigest.isEqual(given, wanted);
    return sameUser & sameResponse;
  }

  private byte[] digest() {
    try {
      MessageDigest hash = MessageDigest.getInstance(ALGORITHMS.getOrDefault(algorithm, "none"));
      hash.update((byte) identifier);
      hash.update(chap.secret().getBytes(StandardCharsets.UTF_8));
      return hash.digest(challenge);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("CHAP algorithm " + algorithm, e);
    }
  }

  /** A binary value: 0x and hexadecimal, or 0b and base64 (RFC 7143, 6.1). */
  static byte @Nullable [] decode(String value) {
    if (value.length() < 4 || value.length() > 2 + 2 * MAX_RESPONSE_BYTES) {
      return null;
    }
    try {
      String digits = value.substring(2);
      return switch (value.substring(0, 2).toLowerCase(Locale.ROOT)) {
        case "0x" -> HexFormat.of().parseHex(digits);
        case "0b" -> Base64.getDecoder().decode(digits);
        default -> null;
      };
    } catch (IllegalArgumentException e) {
      return null; // not a binary value: the same as a wrong one
    }
  }
}
