package io.bascule.controller.rest;

import io.bascule.controller.service.PackageService;
import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.PackageView;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/** POST /packages: the raw package goes to a file as it comes; nothing of it is kept in memory. */
final class PackageUpload {
  static final String MEDIA = "application/octet-stream";

  private PackageUpload() {}

  static PackageView take(Context http, PackageService packages, long maxBytes, String by)
      throws IOException {
    Bodies.requireMedia(http, MEDIA);
    InputStream in = http.req().getInputStream();
    if (http.req().getContentLengthLong() > maxBytes) {
      Bodies.drain(in);
      throw tooLarge(maxBytes);
    }
    Path file = packages.newUpload();
    boolean complete = false;
    try {
      receive(in, file, maxBytes);
      complete = true;
    } finally {
      if (!complete) {
        Files.deleteIfExists(file);
      }
    }
    return packages.add(file, by);
  }

  private static void receive(InputStream in, Path file, long maxBytes) throws IOException {
    byte[] buffer = new byte[128 << 10];
    long total = 0;
    try (OutputStream out = Files.newOutputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        total += n;
        if (total > maxBytes) {
          Bodies.drain(in);
          throw tooLarge(maxBytes);
        }
        write(out, buffer, n, file);
      }
    }
    if (total == 0) {
      throw new Refusal(
          ErrorCode.PACKAGE_REFUSED, "The body is empty; send the bytes of a .pkg file.");
    }
  }

  private static void write(OutputStream out, byte[] buffer, int length, Path file)
      throws IOException {
    try {
      out.write(buffer, 0, length);
    } catch (IOException e) {
      long usable = Files.getFileStore(file).getUsableSpace();
      if (e instanceof FileSystemException || usable < length) {
        throw new Refusal(
            ErrorCode.NO_SPACE,
            "The enclosure has no room for the package; %d bytes are free.".formatted(usable));
      }
      throw e;
    }
  }

  private static Refusal tooLarge(long maxBytes) {
    return new Refusal(
        ErrorCode.TOO_LARGE, "A package may have %d bytes at most.".formatted(maxBytes));
  }
}
