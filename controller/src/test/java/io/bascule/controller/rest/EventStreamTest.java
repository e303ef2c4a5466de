package io.bascule.controller.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** GET /events tells what changes, in order, and is bounded. */
@Timeout(40)
class EventStreamTest {
  @TempDir Path folder;
  private TestServer server;

  @BeforeEach
  void start() throws IOException {
    server = TestServer.active(folder);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** The lines up to the first that contains the text. */
  static List<String> readUntil(BufferedReader lines, String text) throws IOException {
    var read = new ArrayList<String>();
    while (true) {
      String line = lines.readLine();
      assertThat(line).as("the stream ended before '%s': %s", text, read).isNotNull();
      read.add(line);
      if (line.contains(text)) {
        return read;
      }
    }
  }

  private BufferedReader open(String... headers) throws Exception {
    return openAt("/api/v1/events", headers);
  }

  private BufferedReader openAt(String path, String... headers) throws Exception {
    var request =
        server
            .request("GET", path, "")
            .header("Authorization", "Bearer " + InMemoryAppliance.TOKEN);
    if (headers.length > 0) {
      request.headers(headers);
    }
    HttpResponse<InputStream> answer =
        server.client.send(request.build(), BodyHandlers.ofInputStream());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("cache-control")).contains("no-store");
    return new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8));
  }

  @Test
  void shouldBeginWithThePresentState() throws Exception {
    server.appliance.events.raise("WARNING", "standby.off", "It is off.", "Switch it on.");
    try (var lines = open()) {
      List<String> read = readUntil(lines, "standby.off");
      assertThat(read).contains("retry: 500", "event: appliance", "event: upgrade", "event: alert");
      assertThat(read.indexOf("event: appliance")).isLessThan(read.indexOf("event: upgrade"));
    }
  }

  @Test
  void shouldTellChangesOfEachKind() throws Exception {
    try (var lines = open()) {
      readUntil(lines, "\"state\":\"IDLE\"");
      server.appliance.upgrade.progress(42);
      readUntil(lines, "\"percent\":42");
      server.appliance.setRedundant(false);
      readUntil(lines, "\"redundant\":false");
      server.appliance.events.raise("WARNING", "standby.off", "It is off.", "Switch it on.");
      readUntil(lines, "standby.off");
      server.appliance.events.record("INFO", "test", "something");
      List<String> event = readUntil(lines, "something");
      assertThat(event).contains("id: 1", "event: event");
    }
  }

  @Test
  void shouldLimitUpgradeMessages() throws Exception {
    try (var lines = open()) {
      readUntil(lines, "\"state\":\"IDLE\"");
      long began = System.nanoTime();
      int messages = 0;
      Thread progress =
          Thread.ofVirtual()
              .start(() -> {
                while (System.nanoTime() - began < 1_200_000_000L) {
                  server.appliance.upgrade.progress(
                      (int) ((System.nanoTime() - began) / 20_000_000L));
                  Thread.yield();
                }
                server.appliance.upgrade.progress(99);
              });
      while (true) {
        String line = lines.readLine();
        messages += line.equals("event: upgrade") ? 1 : 0;
        if (line.contains("\"percent\":99,")) {
          break;
        }
      }
      progress.join();
      long seconds = (System.nanoTime() - began) / 1_000_000_000L + 1;
      assertThat(messages).isBetween(2, (int) (5 * seconds + 1));
    }
  }

  @Test
  void shouldReplayWhatWasMissedOnce() throws Exception {
    for (int i = 1; i <= 250; i++) {
      server.appliance.events.record("INFO", "test", "event " + i);
    }
    try (var lines = open("Last-Event-ID", "7")) {
      List<String> read = readUntil(lines, "event 250\"");
      server.appliance.events.record("INFO", "test", "the last");
      read.addAll(readUntil(lines, "the last"));
      List<String> ids = read.stream().filter(line -> line.startsWith("id: ")).toList();
      assertThat(ids).hasSize(244).doesNotHaveDuplicates().startsWith("id: 8").endsWith("id: 251");
    }
    try (var lines = open()) {
      server.appliance.events.record("INFO", "test", "only the new");
      List<String> read = readUntil(lines, "only the new");
      assertThat(read).filteredOn(line -> line.startsWith("id: ")).containsExactly("id: 252");
    }
    HttpResponse<String> wrong =
        server.send(
            server
                .request("GET", "/api/v1/events", "")
                .header("Authorization", "Bearer " + InMemoryAppliance.TOKEN)
                .header("Last-Event-ID", "x"));
    assertThat(wrong.statusCode()).isEqualTo(400);
  }

  @Test
  void shouldTellThePastThatTheQueryAsksFor() throws Exception {
    for (int i = 1; i <= 10; i++) {
      server.appliance.events.record("INFO", "test", "event " + i);
    }
    try (var lines = openAt("/api/v1/events?newest=3")) {
      List<String> ids = ids(readUntil(lines, "event 10\""));
      assertThat(ids).containsExactly("id: 8", "id: 9", "id: 10");
    }
    try (var lines = openAt("/api/v1/events?after=9")) {
      List<String> ids = ids(readUntil(lines, "event 10\""));
      assertThat(ids).containsExactly("id: 10");
    }
  }

  private static List<String> ids(List<String> lines) {
    return lines.stream().filter(line -> line.startsWith("id: ")).toList();
  }

  @Test
  void shouldSendHeartbeats() throws Exception {
    try (var lines = open()) {
      long began = System.nanoTime();
      readUntil(lines, ": still here");
      assertThat(Duration.ofNanos(System.nanoTime() - began))
          .isLessThan(Duration.ofMillis(2 * EventStream.HEARTBEAT_MILLIS));
    }
  }

  @Test
  void shouldLookOnceForAllAndNotAtAllForNobody() throws Exception {
    var open = new ArrayList<BufferedReader>();
    for (int i = 0; i < 20; i++) {
      open.add(open());
    }
    await().until(() -> server.server.subscriberCount() == 20);
    int before = server.appliance.events.looks;
    long began = System.nanoTime();
    await().until(() -> System.nanoTime() - began > 1_000_000_000L);
    double seconds = (System.nanoTime() - began) / 1e9;
    assertThat(server.appliance.events.looks - before).isLessThan((int) (15 * seconds));
    for (BufferedReader each : open) {
      each.close();
    }
    await()
        .until(() -> {
          server.appliance.events.record("INFO", "test", "is anybody there?");
          return server.server.subscriberCount() == 0;
        });
    await()
        .pollInterval(Duration.ofMillis(400))
        .until(() -> {
          int looks = server.appliance.events.looks;
          long quietFrom = System.nanoTime();
          await().until(() -> System.nanoTime() - quietFrom > 300_000_000L);
          return server.appliance.events.looks == looks;
        });
  }

  @Test
  void shouldBoundTheNumberOfSubscribers() throws Exception {
    var open = new ArrayList<Socket>();
    try {
      for (int i = 0; i < EventStream.MAX_SUBSCRIBERS; i++) {
        open.add(rawSubscriber());
      }
      await().until(() -> server.server.subscriberCount() == EventStream.MAX_SUBSCRIBERS);
      HttpResponse<String> more = server.get("/api/v1/events");
      assertThat(more.statusCode()).isEqualTo(429);
      assertThat(more.body()).contains("TOO_MANY_REQUESTS");
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  private Socket rawSubscriber() throws IOException {
    var socket = new Socket("127.0.0.1", server.server.fixedAddress().getPort());
    socket.setReceiveBufferSize(4096);
    socket
        .getOutputStream()
        .write(
            ("GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                    + InMemoryAppliance.TOKEN
                    + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    return socket;
  }

  @Test
  void shouldDropASubscriberThatDoesNotRead() throws Exception {
    try (var slow = rawSubscriber();
        var lines = open()) {
      await().until(() -> server.server.subscriberCount() == 2);
      String text = "x".repeat(20_000);
      await()
          .atMost(Duration.ofSeconds(35))
          .until(() -> {
            for (int i = 0; i < 50; i++) {
              server.appliance.events.record("INFO", "test", text);
            }
            for (int i = 0; i < 50; i++) {
              readUntil(lines, "event: event");
            }
            return server.server.subscriberCount() == 1;
          });
      assertThat(slow.isClosed()).isFalse();
    }
  }

  @Test
  void shouldEndWithTheRole() throws Exception {
    try (var lines = open()) {
      readUntil(lines, "\"state\":\"IDLE\"");
      server.services.set(Optional.empty());
      while (lines.readLine() != null) {
        // reads on to the end, which must come
      }
    }
    await().until(() -> server.server.subscriberCount() == 0);
  }
}
