package io.bascule.controller.rest;

import io.javalin.http.Context;
import io.javalin.http.staticfiles.ResourceHandler;
import io.javalin.http.staticfiles.StaticFileConfig;
import io.javalin.security.RouteRole;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * The web console's files, from {@code /console/} on the class path. The page itself is asked for
 * anew each time; what carries a hash in its name is kept by browsers for good. Text is compressed
 * once, when it is first asked for. A path that is no file is a place inside the console, and gets
 * the page.
 */
final class ConsoleFiles implements ResourceHandler {
  private static final String ROOT = "console/";
  private static final String PAGE = "index.html";

  /** Segments of plain characters, none of which begins with a dot. */
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9_@~-][A-Za-z0-9._@~-]*(/[A-Za-z0-9_@~-][A-Za-z0-9._@~-]*){0,7}");

  private static final Pattern HASHED = Pattern.compile("assets/.*-[A-Za-z0-9_-]{8,}\\.[a-z0-9]+");

  private static final Map<String, String> MEDIA =
      Map.ofEntries(
          Map.entry("html", "text/html; charset=utf-8"),
          Map.entry("js", "text/javascript; charset=utf-8"),
          Map.entry("css", "text/css; charset=utf-8"),
          Map.entry("json", "application/json"),
          Map.entry("map", "application/json"),
          Map.entry("svg", "image/svg+xml"),
          Map.entry("png", "image/png"),
          Map.entry("ico", "image/x-icon"),
          Map.entry("webmanifest", "application/manifest+json"),
          Map.entry("woff", "font/woff"),
          Map.entry("woff2", "font/woff2"),
          Map.entry("txt", "text/plain; charset=utf-8"));

  /** Only files that exist are kept, so the console's own size bounds it. */
  private final Map<String, ConsoleFile> kept = new ConcurrentHashMap<>();

  @Override
  public boolean canHandle(Context http) {
    return !RestServer.belongsToActive(http.path()) && find(http).isPresent();
  }

  @Override
  public boolean handle(Context http) {
    if (RestServer.belongsToActive(http.path())) {
      return false;
    }
    Optional<String> found = find(http);
    if (found.isEmpty()) {
      return false;
    }
    answer(http, found.get());
    return true;
  }

  /** Answers with the page, whatever was asked for; false if there is no console. */
  boolean page(Context http) {
    boolean there = present(PAGE).isPresent();
    if (there) {
      answer(http, PAGE);
    }
    return there;
  }

  private void answer(Context http, String name) {
    var file = content(name).orElseThrow();
    byte[] content = file.plain();
    if (ConsoleFile.isText(extension(name))) {
      http.header("Vary", "Accept-Encoding");
      byte[] gzip = file.gzip();
      if (gzip != null && ConsoleFile.takesGzip(http.header("Accept-Encoding"))) {
        http.header("Content-Encoding", "gzip");
        content = gzip;
      }
    }
    http.header(
        "Cache-Control",
        HASHED.matcher(name).matches() ? "public, max-age=31536000, immutable" : "no-cache");
    http.status(200).contentType(media(name)).result(content);
  }

  private Optional<String> find(Context http) {
    String path = http.path().substring(1);
    if (path.isEmpty()) {
      return present(PAGE);
    }
    if (!NAME.matcher(path).matches()) {
      return Optional.empty();
    }
    Optional<String> file = present(path);
    boolean place = path.indexOf('.', path.lastIndexOf('/') + 1) < 0;
    return file.isEmpty() && place ? present(PAGE) : file;
  }

  private Optional<String> present(String name) {
    return content(name).map(file -> name);
  }

  private Optional<ConsoleFile> content(String name) {
    if (extension(name).isEmpty()) {
      return Optional.empty();
    }
    var file = kept.get(name);
    if (file != null) {
      return Optional.of(file);
    }
    try (InputStream in = ConsoleFiles.class.getClassLoader().getResourceAsStream(ROOT + name)) {
      if (in == null) {
        return Optional.empty();
      }
      var read = ConsoleFile.of(in.readAllBytes(), extension(name));
      kept.put(name, read);
      return Optional.of(read);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the console's " + name, e);
    }
  }

  private static String media(String name) {
    return MEDIA.getOrDefault(extension(name), "application/octet-stream");
  }

  private static String extension(String name) {
    int dot = name.lastIndexOf('.');
    return dot < 0 || dot < name.lastIndexOf('/') ? "" : name.substring(dot + 1);
  }

  @Override
  public boolean addStaticFileConfig(StaticFileConfig config) {
    return false;
  }

  @Override
  public Set<RouteRole> resourceRouteRoles(Context http) {
    return Set.of();
  }
}
