package io.bascule.iscsi;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Text keys: {@code key=value} pairs, each ended by a zero byte (RFC 7143, 6.1). */
final class Keys {
  /** The most pairs taken from one negotiation; real initiators send about twenty. */
  static final int MAX_PAIRS = 64;

  private static final int MAX_KEY_BYTES = 63;
  private static final int MAX_VALUE_BYTES = 8192;

  private Keys() {}

  /** A text segment that breaks the rules. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedException(String message) {
      super(message);
    }
  }

  static Map<String, String> parse(byte[] text, int length) throws MalformedException {
    Map<String, String> pairs = new LinkedHashMap<>();
    int from = 0;
    while (from < length) {
      int end = from;
      while (end < length && text[end] != 0) {
        end++;
      }
      if (end > from) {
        add(pairs, new String(text, from, end - from, StandardCharsets.UTF_8));
      }
      from = end + 1;
    }
    return pairs;
  }

  private static void add(Map<String, String> pairs, String pair) throws MalformedException {
    int equals = pair.indexOf('=');
    if (equals < 1 || equals > MAX_KEY_BYTES || pair.length() - equals > MAX_VALUE_BYTES) {
      throw new MalformedException("a text pair without a key, or too long");
    }
    if (pairs.size() == MAX_PAIRS) {
      throw new MalformedException("more than " + MAX_PAIRS + " text pairs");
    }
    String key = pair.substring(0, equals);
    if (pairs.put(key, pair.substring(equals + 1)) != null) {
      throw new MalformedException("key " + key + " twice");
    }
  }

  static byte[] encode(Map<String, String> pairs) {
    StringBuilder text = new StringBuilder();
    pairs.forEach((key, value) -> text.append(key).append('=').append(value).append('\0'));
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }
}
