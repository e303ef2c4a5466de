package io.bascule.host.initiator;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;

/** The arithmetic of CHAP (RFC 1994; RFC 7143, 12.1.3): hash(identifier, secret, challenge). */
final class Chap {
  /**
   * What we offer: 8 SHA3-256, 6 SHA1, 5 MD5, 7 SHA-256. The last stands last because older targets
   * (tgt) take 7 for SHA1, and would choose it before MD5.
   */
  static final String OFFERED_ALGORITHMS = "8,6,5,7";

  static final int MAX_CHALLENGE_BYTES = 1024;

  private Chap() {}

  static byte[] response(int algorithm, int identifier, String secret, byte[] challenge)
      throws ProtocolException {
    String name =
        switch (algorithm) {
          case 5 -> "MD5";
          case 6 -> "SHA-1";
          case 7 -> "SHA-256";
          case 8 -> "SHA3-256";
          default ->
              throw new ProtocolException("CHAP algorithm " + algorithm + " was not offered");
        };
    try {
      MessageDigest digest = MessageDigest.getInstance(name);
      digest.update((byte) identifier);
      digest.update(secret.getBytes(StandardCharsets.UTF_8));
      digest.update(challenge);
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has " + name, e);
    }
  }

  static String encode(byte[] value) {
    return "0x" + HexFormat.of().formatHex(value);
  }

  /** A large binary value: {@code 0x} hexadecimal or {@code 0b} base 64 (RFC 7143, 6.1). */
  static byte[] decode(String text) throws ProtocolException {
    String prefix = text.length() < 2 ? "" : text.substring(0, 2).toLowerCase(Locale.ROOT);
    try {
      byte[] value =
          switch (prefix) {
            case "0x" -> hex(text.substring(2));
            case "0b" -> Base64.getDecoder().decode(text.substring(2));
            default -> throw new ProtocolException("not a binary value: " + text);
          };
      if (value.length > MAX_CHALLENGE_BYTES) {
        throw new ProtocolException("binary value of " + value.length + " bytes");
      }
      return value;
    } catch (IllegalArgumentException e) {
      throw new ProtocolException("not a binary value: " + text + ": " + e.getMessage());
    }
  }

  private static byte[] hex(String digits) {
    return HexFormat.of().parseHex(digits.length() % 2 == 0 ? digits : "0" + digits);
  }
}
