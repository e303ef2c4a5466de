package io.bascule.controller.rest;

import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Request bodies, bounded and of the right media type. */
final class Bodies {
  static final int MAX_JSON_BYTES = 1 << 20;

  /** So much more is read and thrown away, so that the client gets to read the refusal. */
  private static final long MAX_DRAINED_BYTES = 16L << 20;

  private Bodies() {}

  /** The JSON body as a record of that shape. */
  static <T extends Record> T json(Context http, Class<T> type) throws IOException {
    requireMedia(http, Wire.JSON);
    return StrictJson.read(bounded(http), type);
  }

  /** The JSON body, or {@code otherwise} when there is no body at all. */
  static <T extends Record> T json(Context http, Class<T> type, T otherwise) throws IOException {
    byte[] body = bounded(http);
    if (body.length == 0) {
      return otherwise;
    }
    requireMedia(http, Wire.JSON);
    return StrictJson.read(body, type);
  }

  /** For requests that carry nothing. */
  static void none(Context http) throws IOException {
    json(http, Wire.Nothing.class, new Wire.Nothing());
  }

  static void requireMedia(Context http, String wanted) {
    if (!isMedia(http, wanted)) {
      throw new Refusal(
          ErrorCode.UNSUPPORTED_MEDIA, "Send the body as 'Content-Type: %s'.".formatted(wanted));
    }
  }

  static boolean isMedia(Context http, String wanted) {
    String type = http.contentType();
    return type != null && type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT).equals(wanted);
  }

  /** A field of a form. */
  static String formField(Context http, String name) throws IOException {
    String form = new String(bounded(http), StandardCharsets.US_ASCII);
    for (String pair : form.split("&", -1)) {
      if (pair.startsWith(name + "=")) {
        try {
          return URLDecoder.decode(pair.substring(name.length() + 1), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
          throw new Refusal(ErrorCode.MALFORMED_REQUEST, "The form is not well encoded.");
        }
      }
    }
    throw new Refusal(
        ErrorCode.MALFORMED_REQUEST, "The form lacks its field '%s'.".formatted(name));
  }

  static byte[] bounded(Context http) throws IOException {
    InputStream in = http.req().getInputStream();
    byte[] body = in.readNBytes(MAX_JSON_BYTES + 1);
    if (body.length > MAX_JSON_BYTES) {
      drain(in);
      throw new Refusal(
          ErrorCode.TOO_LARGE, "A JSON body may have %d bytes.".formatted(MAX_JSON_BYTES));
    }
    return body;
  }

  static void drain(InputStream in) throws IOException {
    byte[] buffer = new byte[64 << 10];
    long left = MAX_DRAINED_BYTES;
    for (int n = 0; n >= 0 && left > 0; left -= n) {
      n = in.read(buffer);
    }
  }
}
