package io.bascule.controller.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A standby answers with what the active controller says. */
@Timeout(30)
class PassOnTest {
  @TempDir Path folder;
  private TestServer active;
  private TestServer standby;

  @BeforeEach
  void start() throws IOException {
    active = TestServer.active(folder);
    standby = TestServer.standby(folder);
    standby.activeAddress.set(Optional.of(active.server.fixedAddress()));
  }

  @AfterEach
  void stop() {
    standby.close();
    active.close();
  }

  @Test
  void shouldPassOnReadsAndChanges() throws Exception {
    HttpResponse<String> made =
        standby.call("POST", "/api/v1/volumes", "{\"name\":\"a b\",\"sizeBytes\":4096}");
    assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
    assertThat(made.headers().firstValue("location")).contains("/api/v1/volumes/a%20b");
    assertThat(active.appliance.changes()).containsExactly("volume a b 4096 by admin");
    assertThat(standby.get("/api/v1/volumes/a%20b").body())
        .isEqualTo(active.get("/api/v1/volumes/a%20b").body());
    assertThat(standby.call("PATCH", "/api/v1/volumes/a%20b", "{\"sizeBytes\":8192}").statusCode())
        .isEqualTo(200);
    HttpResponse<String> gone = standby.call("DELETE", "/api/v1/volumes/a%20b", "");
    assertThat(gone.statusCode()).isEqualTo(204);
    assertThat(standby.get("/metrics").body()).contains("bascule_redundant 1.0");
    assertThat(standby.get("/api/v1/openapi.json").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldPassOnRefusalsAsTheyAre() throws Exception {
    HttpResponse<String> missing = standby.get("/api/v1/volumes/none");
    assertThat(missing.statusCode()).isEqualTo(404);
    assertThat(missing.headers().firstValue("content-type")).contains("application/problem+json");
    assertThat(missing.headers().allValues("content-security-policy")).hasSize(1);
    HttpResponse<String> unsigned = standby.send(standby.request("GET", "/api/v1/hosts", ""));
    assertThat(unsigned.statusCode()).isEqualTo(401);
    assertThat(unsigned.headers().firstValue("www-authenticate")).contains("Bearer");
    assertThat(standby.call("PUT", "/api/v1/volumes", "{}").statusCode()).isEqualTo(405);
  }

  @Test
  void shouldSignInThroughTheStandby() throws Exception {
    HttpResponse<String> link = standby.call("POST", "/api/v1/sign-in-links", "");
    assertThat(link.body()).contains(standby.uri("/sign-in?code=").toString());
    String code = link.body().replaceAll(".*\"code\":\"([^\"]+)\".*", "$1");
    HttpResponse<String> answer = standby.send(standby.request("GET", "/sign-in?code=" + code, ""));
    assertThat(answer.statusCode()).isEqualTo(303);
    String cookie = answer.headers().firstValue("set-cookie").orElseThrow();
    String session = cookie.substring(0, cookie.indexOf(';'));
    // The session is good on both controllers, and for a change that our own page sends.
    for (TestServer server : new TestServer[] {standby, active}) {
      var change =
          server
              .request("POST", "/api/v1/controllers/handover", "")
              .header("Cookie", session)
              .header("X-Bascule", "1");
      assertThat(
              server.send(change.copy().header("Origin", server.uri("").toString())).statusCode())
          .isEqualTo(202);
      assertThat(server.send(change.copy().header("Origin", "http://evil.example")).statusCode())
          .isEqualTo(403);
    }
  }

  @Test
  void shouldPassOnUploads() throws Exception {
    byte[] content = new byte[3 << 20];
    content[0] = 'P';
    content[1] = 'K';
    for (boolean chunked : new boolean[] {false, true}) {
      var body =
          chunked
              ? BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(content))
              : BodyPublishers.ofByteArray(content);
      HttpResponse<String> answer =
          standby.send(
              standby
                  .request("POST", "/api/v1/packages", "")
                  .header("Authorization", "Bearer " + InMemoryAppliance.TOKEN)
                  .header("Content-Type", "application/octet-stream")
                  .POST(body));
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
      assertThat(answer.body()).contains("\"sizeBytes\":" + content.length);
    }
  }

  @Test
  void shouldSayThatThereIsNoActive() throws Exception {
    standby.activeAddress.set(Optional.empty());
    noActive(standby.get("/api/v1/appliance"));
    noActive(standby.get("/metrics"));
    noActive(standby.send(standby.request("GET", "/sign-in?code=x", "")));
    noActive(standby.send(standby.request("GET", "/api/v1/volumes", "")));
    // Itself, as an old view of the roles may say.
    standby.activeAddress.set(Optional.of(standby.server.fixedAddress()));
    noActive(standby.get("/api/v1/appliance"));
    // Nobody listens there any more.
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      standby.activeAddress.set(
          Optional.of(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort())));
    }
    noActive(standby.get("/api/v1/appliance"));
    noActive(standby.call("POST", "/api/v1/volumes", "{\"name\":\"a\",\"sizeBytes\":1}"));
    HttpResponse<String> health = standby.send(standby.request("GET", "/healthz", ""));
    assertThat(health.body())
        .isEqualTo("{\"status\":\"UP\",\"controller\":1,\"role\":\"STANDBY\"}");
  }

  private static void noActive(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
    assertThat(answer.headers().firstValue("retry-after")).contains("1");
    assertThat(answer.body()).contains("\"code\":\"NO_ACTIVE\"");
  }

  @Test
  void shouldShowABrowserThatThereIsNoActiveToFollowItsLink() throws Exception {
    standby.activeAddress.set(Optional.empty());
    waitingPage(browse(standby, "/sign-in?code=x"));
    standby.activeAddress.set(Optional.of(active.server.fixedAddress()));
    active.services.set(Optional.empty()); // It has just stopped serving.
    waitingPage(browse(standby, "/sign-in?code=x"));
    waitingPage(browse(active, "/sign-in?code=x"));
    noActive(browse(standby, "/api/v1/appliance"));
    noActive(standby.send(standby.request("POST", "/sign-in", "{\"code\":\"x\"}")));
  }

  private static HttpResponse<String> browse(TestServer server, String path) throws Exception {
    return server.send(
        server.request("GET", path, "").header("Accept", "text/html,application/xhtml+xml,*/*"));
  }

  private static void waitingPage(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().allValues("retry-after")).containsExactly("1");
    assertThat(answer.headers().allValues("cache-control")).containsExactly("no-store");
    assertThat(answer.headers().firstValue("content-type").orElseThrow()).startsWith("text/html");
    assertThat(answer.body()).contains("Test console");
  }

  @Test
  void shouldNotPassInCircles() throws Exception {
    // Each takes the other for the active one.
    active.services.set(Optional.empty());
    active.activeAddress.set(Optional.of(standby.server.fixedAddress()));
    noActive(standby.get("/api/v1/appliance"));
    noActive(active.get("/api/v1/appliance"));
  }

  @Test
  void shouldPassOnEventStreamsUntilTheActiveGoes() throws Exception {
    HttpResponse<InputStream> answer =
        standby.client.send(
            standby
                .request("GET", "/api/v1/events", "")
                .header("Authorization", "Bearer " + InMemoryAppliance.TOKEN)
                .build(),
            BodyHandlers.ofInputStream());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("content-type").orElseThrow())
        .startsWith("text/event-stream");
    try (var lines =
        new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
      EventStreamTest.readUntil(lines, "event: upgrade");
      active.appliance.events.record("INFO", "test", "through the standby");
      EventStreamTest.readUntil(lines, "through the standby");
      active.services.set(Optional.empty());
      while (lines.readLine() != null) {
        // reads on to the end of the stream, which must come
      }
    }
    await().until(() -> active.server.subscriberCount() == 0);
  }

  @Test
  void shouldGiveUpAnEventStreamThatNobodyReads() throws Exception {
    HttpResponse<InputStream> answer =
        standby.client.send(
            standby
                .request("GET", "/api/v1/events", "")
                .header("Authorization", "Bearer " + InMemoryAppliance.TOKEN)
                .build(),
            BodyHandlers.ofInputStream());
    await().until(() -> active.server.subscriberCount() == 1);
    answer.body().close();
    // Each write to a closed connection makes it known, here and then at the active controller.
    await()
        .until(() -> {
          active.appliance.events.record("INFO", "test", "is anybody there?");
          return active.server.subscriberCount() == 0;
        });
  }
}
