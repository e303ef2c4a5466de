package io.bascule.e2e;

import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The REST API as a stranger's script uses it: plain HTTP and JSON, no class of ours. */
final class Api {
  private static final JsonType<Object> JSON = Jsonb.builder().build().type(Object.class);

  private final HttpClient client =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
  private final String url;
  private final @Nullable String token;

  Api(String url, @Nullable String token) {
    this.url = url;
    this.token = token;
  }

  /** An answer. {@link #body} is what JSON says: maps, lists, text, numbers. */
  record Answer(int status, String text) {
    Object body() {
      return JSON.fromJson(text);
    }

    Map<?, ?> object() {
      return (Map<?, ?>) body();
    }

    @Nullable Object at(String path) {
      Object now = body();
      for (String name : path.split("\\.")) {
        if (now instanceof List<?> list) {
          now = list.get(Integer.parseInt(name));
        } else if (now instanceof Map<?, ?> map) {
          now = map.get(name);
        } else {
          return null;
        }
      }
      return now;
    }

    String text(String path) {
      return String.valueOf(at(path));
    }

    long number(String path) {
      return ((Number) Objects.requireNonNull(at(path), path + " in " + text)).longValue();
    }

    Answer ok() {
      if (status / 100 != 2) {
        throw new AssertionError(status + " " + text);
      }
      return this;
    }
  }

  Answer get(String path) throws IOException {
    return send("GET", path, null, "application/json");
  }

  Answer healthz() throws IOException {
    return request("GET", "/healthz", null, "application/json");
  }

  Answer post(String path, String json) throws IOException {
    return send("POST", path, json, "application/json");
  }

  Answer send(String method, String path, @Nullable String body, String contentType)
      throws IOException {
    return request(method, "/api/v1" + path, body, contentType);
  }

  private Answer request(String method, String path, @Nullable String body, String contentType)
      throws IOException {
    var request =
        HttpRequest.newBuilder(URI.create(url + path))
            .timeout(Duration.ofSeconds(20))
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (body != null) {
      request.header("Content-Type", contentType);
    }
    if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    try {
      var answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Answer(answer.statusCode(), answer.body());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  static Map<?, ?> parse(String json) {
    return (Map<?, ?>) JSON.fromJson(json);
  }
}
