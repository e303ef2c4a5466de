package io.bascule.host.initiator;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The {@code key=value} text of login and text PDUs (RFC 7143, 6.1): UTF-8, each ended by NUL. */
final class TextKeys {
  /** More than any target sends us in one exchange. */
  static final int MAX_BYTES = 1 << 20;

  private TextKeys() {}

  static byte[] encode(Map<String, String> keys) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    keys.forEach((key, value) -> {
      out.writeBytes((key + '=' + value).getBytes(StandardCharsets.UTF_8));
      out.write(0);
    });
    return out.toByteArray();
  }

  /** In the order received, since SendTargets repeats keys. */
  static List<Map.Entry<String, String>> decode(byte[] text) throws ProtocolException {
    List<Map.Entry<String, String>> keys = new ArrayList<>();
    int start = 0;
    for (int at = 0; at <= text.length; at++) {
      if (at < text.length && text[at] != 0) {
        continue;
      }
      if (at > start) {
        String pair = new String(text, start, at - start, StandardCharsets.UTF_8);
        int equals = pair.indexOf('=');
        if (equals <= 0) {
          throw new ProtocolException("not a key=value pair: " + pair);
        }
        keys.add(Map.entry(pair.substring(0, equals), pair.substring(equals + 1)));
      }
      start = at + 1;
    }
    return keys;
  }
}
