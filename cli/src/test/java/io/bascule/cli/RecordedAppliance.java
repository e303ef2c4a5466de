package io.bascule.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A real HTTP server on loopback that answers with recorded JSON and remembers what it was asked. A
 * request with several answers gets them in order, the last one again and again.
 */
final class RecordedAppliance implements AutoCloseable {
  static final String TOKEN = "the-token";

  private record Recorded(int status, String file) {}

  private final HttpServer server;
  private final Map<String, Deque<Recorded>> answers = new ConcurrentHashMap<>();
  private final List<String> requests = new ArrayList<>();

  RecordedAppliance() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  RecordedAppliance on(String request, int status, String file) {
    answers.computeIfAbsent(request, unused -> new ArrayDeque<>()).add(new Recorded(status, file));
    return this;
  }

  RecordedAppliance on(String request, String file) {
    return on(request, 200, file);
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** Method and path of every request, with its body if it had one. */
  synchronized List<String> requests() {
    return List.copyOf(requests);
  }

  private synchronized void answer(HttpExchange http) throws IOException {
    try (http) {
      String path = http.getRequestURI().getRawPath();
      String request = http.getRequestMethod() + " " + path.replaceFirst("^/api/v1", "");
      String type = http.getRequestHeaders().getFirst("Content-Type");
      byte[] body = http.getRequestBody().readAllBytes();
      String said =
          "application/json".equals(type)
              ? " " + new String(body, StandardCharsets.UTF_8)
              : body.length == 0 ? "" : " <" + body.length + " bytes>";
      requests.add(request + said);
      var recorded = next(request);
      if (!path.startsWith("/api/v1/")) {
        recorded = new Recorded(404, "problem-not-found");
      } else if (!("Bearer " + TOKEN).equals(http.getRequestHeaders().getFirst("Authorization"))) {
        recorded = new Recorded(401, "problem-not-signed-in");
      }
      byte[] json = recorded.status == 204 ? new byte[0] : recorded(recorded.file);
      http.getResponseHeaders()
          .set(
              "Content-Type",
              recorded.status < 400 ? "application/json" : "application/problem+json");
      http.sendResponseHeaders(recorded.status, json.length == 0 ? -1 : json.length);
      http.getResponseBody().write(json);
    }
  }

  private Recorded next(String request) {
    var recorded = answers.get(request);
    if (recorded == null) {
      return new Recorded(404, "problem-not-found");
    }
    return recorded.size() > 1 ? recorded.removeFirst() : recorded.getFirst();
  }

  static byte[] recorded(String name) {
    try (var in = RecordedAppliance.class.getResourceAsStream("recorded/" + name + ".json")) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8)
          .strip()
          .getBytes(StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
