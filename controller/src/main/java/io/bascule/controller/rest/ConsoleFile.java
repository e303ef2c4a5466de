package io.bascule.controller.rest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A file of the console: as it is, and for whoever takes it, compressed.
 *
 * @param gzip null where it would be no smaller
 */
record ConsoleFile(byte[] plain, byte @Nullable [] gzip) {
  /** What is text; pictures and fonts are compressed already. */
  private static final Set<String> TEXT =
      Set.of("html", "js", "css", "json", "map", "svg", "txt", "webmanifest");

  /** Below this a packet is a packet. */
  private static final int WORTHWHILE_BYTES = 1024;

  static boolean isText(String extension) {
    return TEXT.contains(extension);
  }

  static ConsoleFile of(byte[] plain, String extension) {
    if (!isText(extension) || plain.length < WORTHWHILE_BYTES) {
      return new ConsoleFile(plain, null);
    }
    byte[] gzip = compress(plain);
    return new ConsoleFile(plain, gzip.length < plain.length ? gzip : null);
  }

  private static byte[] compress(byte[] plain) {
    var bytes = new ByteArrayOutputStream(plain.length / 3);
    try (var gzip = new GZIPOutputStream(bytes)) {
      gzip.write(plain);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail
    }
    return bytes.toByteArray();
  }

  /** Whether an Accept-Encoding header takes gzip (RFC 9110, 12.5.3). */
  static boolean takesGzip(@Nullable String acceptEncoding) {
    if (acceptEncoding == null) {
      return false;
    }
    boolean any = false;
    for (String part : acceptEncoding.toLowerCase(Locale.ROOT).split(",", 32)) {
      String coding = part.strip();
      boolean refused = coding.matches("[^;]*;\\s*q\\s*=\\s*0(\\.0{0,3})?");
      String name = coding.split(";", 2)[0].strip();
      if (name.equals("gzip") || name.equals("x-gzip")) {
        return !refused;
      }
      any |= name.equals("*") && !refused;
    }
    return any;
  }
}
