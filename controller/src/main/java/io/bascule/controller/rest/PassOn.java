package io.bascule.controller.rest;

import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Collections;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a standby does with a request for the active controller: passes it on to that one's fixed
 * address and streams the answer back, event streams too. A request that has been passed on once is
 * not passed on again.
 *
 * <p>Any thread. The client is made with the first request, not while the controller boots.
 */
final class PassOn implements AutoCloseable {
  /** Says that a controller passed the request on; its value is that controller's number. */
  static final String GUARD_HEADER = "X-Bascule-Passed-On";

  /** The Host header that the caller sent. */
  static final String HOST_HEADER = "X-Bascule-Host";

  /** The address that the caller has. */
  static final String FROM_HEADER = "X-Bascule-From";

  private static final Logger LOG = System.getLogger(PassOn.class.getName());

  /** Both controllers are on one machine: a connection is made at once or not at all. */
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);

  /**
   * Longer than any answer but the one to an upload takes; staging and such go on by themselves.
   */
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);

  /** 2 GiB at 2 MiB/s, and its verification. */
  private static final Duration UPLOAD_TIMEOUT = Duration.ofMinutes(20);

  private static final Set<String> NOT_PASSED_ON =
      Set.of(
          "connection",
          "content-length",
          "date",
          "expect",
          "host",
          "http2-settings",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authorization",
          "proxy-connection",
          "server",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "x-bascule-from",
          "x-bascule-host",
          "x-bascule-passed-on");

  private final RestSettings settings;
  private final Supplier<Optional<InetSocketAddress>> activeFixedAddress;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable HttpClient client;

  PassOn(RestSettings settings, Supplier<Optional<InetSocketAddress>> activeFixedAddress) {
    this.settings = settings;
    this.activeFixedAddress = activeFixedAddress;
  }

  static boolean wasPassedOn(Context http) {
    return http.header(GUARD_HEADER) != null;
  }

  /** Answers the request with what the active controller says. */
  void pass(Context http, InetSocketAddress own) throws IOException {
    Optional<InetSocketAddress> active = activeFixedAddress.get();
    if (wasPassedOn(http) || active.isEmpty() || active.get().equals(own)) {
      throw noActive("No controller is active just now. Ask again in a moment.");
    }
    HttpResponse<InputStream> answer = send(http, active.get());
    try (InputStream body = answer.body()) {
      http.status(answer.statusCode());
      answer
          .headers()
          .map()
          .forEach((name, values) -> {
            if (!NOT_PASSED_ON.contains(name.toLowerCase(Locale.ROOT))) {
              boolean first = true;
              for (String value : values) {
                if (first) {
                  http.res().setHeader(name, value);
                } else {
                  http.res().addHeader(name, value);
                }
                first = false;
              }
            }
          });
      answer
          .headers()
          .firstValueAsLong("content-length")
          .ifPresent(http.res()::setContentLengthLong);
      copy(http, body);
    }
  }

  private HttpResponse<InputStream> send(Context http, InetSocketAddress active)
      throws IOException {
    HttpRequest request = request(http, active);
    try {
      return client().send(request, BodyHandlers.ofInputStream());
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "the active controller at " + active + " did not answer", e);
      throw noActive(
          changesNothing(http)
              ? "The active controller does not answer just now. Ask again in a moment."
              : "The active controller went away. Look whether it was done before you ask again.");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw noActive("This controller is going down.");
    }
  }

  private HttpRequest request(Context http, InetSocketAddress active) throws IOException {
    var builder = HttpRequest.newBuilder(target(http, active));
    for (String name : Collections.list(http.req().getHeaderNames())) {
      if (!NOT_PASSED_ON.contains(name.toLowerCase(Locale.ROOT))) {
        for (String value : Collections.list(http.req().getHeaders(name))) {
          builder.header(name, value);
        }
      }
    }
    String host = http.header("Host");
    builder.header(GUARD_HEADER, Integer.toString(settings.id().number()));
    builder.header(HOST_HEADER, host == null ? "" : host);
    builder.header(FROM_HEADER, http.req().getRemoteAddr());
    boolean upload = Bodies.isMedia(http, PackageUpload.MEDIA);
    builder.timeout(upload ? UPLOAD_TIMEOUT : ANSWER_TIMEOUT);
    builder.method(http.req().getMethod(), body(http));
    return builder.build();
  }

  private static BodyPublisher body(Context http) throws IOException {
    long length = http.req().getContentLengthLong();
    boolean chunked = http.header("Transfer-Encoding") != null;
    if (length == 0 || (length < 0 && !chunked)) {
      return BodyPublishers.noBody();
    }
    InputStream in = http.req().getInputStream();
    BodyPublisher stream = BodyPublishers.ofInputStream(() -> in);
    return length < 0 ? stream : BodyPublishers.fromPublisher(stream, length);
  }

  private URI target(Context http, InetSocketAddress active) {
    String query = http.req().getQueryString();
    String address = active.getAddress().getHostAddress();
    return URI.create(
        "http://"
            + (address.contains(":") ? "[" + address + "]" : address)
            + ":"
            + active.getPort()
            + http.req().getRequestURI()
            + (query == null ? "" : "?" + query));
  }

  private static void copy(Context http, InputStream body) throws IOException {
    OutputStream out = http.res().getOutputStream();
    byte[] buffer = new byte[16 << 10];
    while (true) {
      int n;
      try {
        n = body.read(buffer);
      } catch (IOException e) {
        // The active controller is gone in the middle; what it said so far ends here. The client
        // sees a cut answer, or the end of its event stream, and asks again.
        LOG.log(Level.DEBUG, "an answer of the active controller was cut off", e);
        throw e;
      }
      if (n < 0) {
        return;
      }
      out.write(buffer, 0, n);
      out.flush();
    }
  }

  private static boolean changesNothing(Context http) {
    return http.req().getMethod().equals("GET") || http.req().getMethod().equals("HEAD");
  }

  private static Refusal noActive(String detail) {
    return new Refusal(ErrorCode.NO_ACTIVE, detail);
  }

  private HttpClient client() {
    lock.lock();
    try {
      if (client == null) {
        client =
            HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(CONNECT_TIMEOUT)
                .executor(
                    Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name("pass-on-", 0).factory()))
                .build();
      }
      return client;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (client != null) {
        client.shutdownNow();
      }
    } finally {
      lock.unlock();
    }
  }
}
