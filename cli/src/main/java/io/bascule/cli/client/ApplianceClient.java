package io.bascule.cli.client;

import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.Problem;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Talks to one appliance: on its floating port, or, when nobody answers there, on the fixed ones.
 * Rides out a handover: while no controller is active it asks again, for as long as it is patient.
 * A request that may have been carried out is never sent twice unless it only reads. Used by one
 * thread.
 */
public final class ApplianceClient {
  /** A handover takes well under a second; this is the longest that nobody is active in one. */
  public static final Duration HANDOVER = Duration.ofSeconds(2);

  private static final int READ_TIMEOUT_MILLIS = 5_000;

  /** The other requests wait for the disk, or for a package to be verified. */
  private static final int CHANGE_TIMEOUT_MILLIS = 60_000;

  private static final int RETRY_MILLIS = 50;
  private static final String PREFIX = "/api/v1";

  private final Access access;
  private final Duration patience;
  private @Nullable URI lastEndpoint;

  public ApplianceClient(Access access) {
    this(access, HANDOVER);
  }

  private ApplianceClient(Access access, Duration patience) {
    this.access = access;
    this.patience = patience;
  }

  /** The same appliance, waited for longer. */
  public ApplianceClient patient(Duration patience) {
    return new ApplianceClient(access, patience);
  }

  public Access access() {
    return access;
  }

  /** The JSON at the path. */
  public String get(String path) throws NotReachable, Refused {
    return send("GET", path, null);
  }

  /** The record at the path. */
  public <T> T get(String path, Class<T> type) throws NotReachable, Refused {
    return Json.read(type, get(path));
  }

  /** The records at the path. */
  public <T> List<T> list(String path, Class<T> type) throws NotReachable, Refused {
    return Json.readList(type, get(path));
  }

  /** Sends POST, PATCH or DELETE, with a record as its body or without one. */
  public String change(String method, String path, @Nullable Object body)
      throws NotReachable, Refused {
    return send(method, path, body == null ? null : Json.write(body));
  }

  /**
   * Uploads a file.
   *
   * @param progress is told the bytes that are sent
   * @throws IOException if the file cannot be read
   */
  public String upload(String path, Path file, LongConsumer progress)
      throws NotReachable, Refused, IOException {
    long length = Files.size(file);
    // The first request finds the active controller; a large body is not to be sent in vain.
    get("/packages");
    URI active = lastEndpoint == null ? access.url() : lastEndpoint;
    HttpExchange.Answer answer;
    try (var bytes = new BufferedInputStream(Files.newInputStream(file))) {
      var body = new HttpExchange.Body("application/octet-stream", length, bytes, progress);
      answer =
          HttpExchange.send(
              active, "POST", PREFIX + path, access.token(), body, CHANGE_TIMEOUT_MILLIS);
    } catch (HttpExchange.NotConnected e) {
      throw new NotReachable(String.valueOf(e.getMessage()), e);
    }
    return judge(answer);
  }

  private String send(String method, String path, @Nullable String json)
      throws NotReachable, Refused {
    boolean reads = method.equals("GET");
    int timeout = reads ? READ_TIMEOUT_MILLIS : CHANGE_TIMEOUT_MILLIS;
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      String last = "";
      for (URI endpoint : access.endpoints()) {
        try {
          var body = json == null ? null : HttpExchange.Body.json(json);
          var answer =
              HttpExchange.send(endpoint, method, PREFIX + path, access.token(), body, timeout);
          if (!isNoActive(answer)) {
            lastEndpoint = endpoint;
            return judge(answer);
          }
          last = "no controller is active [" + ErrorCode.NO_ACTIVE + "]";
        } catch (HttpExchange.NotConnected e) {
          last = last.isEmpty() ? "nobody answers at " + access.url().getAuthority() : last;
        } catch (IOException e) {
          if (!reads) {
            throw new OutcomeUnknown(String.valueOf(e.getMessage()), e);
          }
          last = endpoint.getAuthority() + ": " + e.getMessage();
        }
      }
      if (System.nanoTime() - deadline > 0) {
        throw new NotReachable(last);
      }
      pause();
    }
  }

  private static boolean isNoActive(HttpExchange.Answer answer) {
    return answer.status() == 503 && answer.body().contains(ErrorCode.NO_ACTIVE.name());
  }

  private static String judge(HttpExchange.Answer answer) throws Refused {
    if (answer.status() >= 200 && answer.status() < 300) {
      return answer.body();
    }
    throw new Refused(problem(answer), answer.body());
  }

  /** What is not a problem of ours (a proxy's page, say) is told by its status. */
  private static Problem problem(HttpExchange.Answer answer) {
    if (answer.contentType().contains("json")) {
      try {
        return Json.read(Problem.class, answer.body());
      } catch (Json.Unreadable e) {
        return other(answer);
      }
    }
    return other(answer);
  }

  private static Problem other(HttpExchange.Answer answer) {
    return new Problem(
        "about:blank",
        "HTTP " + answer.status(),
        answer.status(),
        "HTTP_" + answer.status(),
        "the server answered HTTP " + answer.status(),
        null,
        null);
  }

  private static void pause() throws NotReachable {
    try {
      Thread.sleep(RETRY_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NotReachable("interrupted", e);
    }
  }
}
