package io.bascule.controller.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.ControllerId;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ports, the console's files, and requests that are no proper HTTP. */
@Timeout(30)
class ServerTest {
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

  private static InetSocketAddress freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
    }
  }

  private HttpResponse<String> health(InetSocketAddress address) throws Exception {
    return server.client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + address.getPort() + "/healthz"))
            .build(),
        BodyHandlers.ofString());
  }

  @Test
  void shouldOpenAndCloseTheFloatingPort() throws Exception {
    InetSocketAddress floating = freePort();
    server.server.openFloating(floating);
    assertThat(health(floating).statusCode()).isEqualTo(200);
    server.server.closeFloating();
    assertThatThrownBy(() -> health(floating)).isInstanceOf(IOException.class);
    assertThat(server.get("/healthz").statusCode()).isEqualTo(200);
    server.server.closeFloating();
  }

  @Test
  void shouldWaitForTheFloatingPortOfThePreviousActive() throws Exception {
    InetSocketAddress floating = freePort();
    var previous = new ServerSocket(floating.getPort(), 1, InetAddress.getLoopbackAddress());
    Thread opener =
        Thread.ofPlatform()
            .start(() -> {
              try {
                server.server.openFloating(floating);
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    assertThat(opener.join(java.time.Duration.ofMillis(300))).isFalse();
    previous.close();
    opener.join();
    assertThat(health(floating).statusCode()).isEqualTo(200);
  }

  @Test
  void shouldRefuseAnAddressWithoutTls() {
    var open =
        new RestServer(
            new RestSettings(ControllerId.CONTROLLER_0, new InetSocketAddress("0.0.0.0", 0), 13690),
            Optional::empty,
            Optional::empty);
    assertThatThrownBy(open::start).isInstanceOf(IOException.class).hasMessageContaining("TLS");
  }

  @Test
  void shouldSayWhichPortIsTaken() {
    var second =
        new RestServer(
            new RestSettings(ControllerId.CONTROLLER_0, server.server.fixedAddress(), 13690),
            Optional::empty,
            Optional::empty);
    assertThatThrownBy(second::start)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(Integer.toString(server.server.fixedAddress().getPort()));
    second.stop();
  }

  @Test
  void shouldServeTheConsole() throws Exception {
    HttpResponse<String> page = server.send(server.request("GET", "/", ""));
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.headers().firstValue("content-type").orElseThrow()).startsWith("text/html");
    assertThat(page.headers().allValues("cache-control")).containsExactly("no-cache");
    // A place inside the console is the page; so it is without an active controller.
    server.services.set(Optional.empty());
    assertThat(server.send(server.request("GET", "/upgrade/details", "")).body())
        .isEqualTo(page.body());
    HttpResponse<String> script =
        server.send(server.request("GET", "/assets/test-0123456789.js", ""));
    assertThat(script.statusCode()).isEqualTo(200);
    assertThat(script.headers().allValues("cache-control"))
        .containsExactly("public, max-age=31536000, immutable");
    assertThat(script.headers().firstValue("content-type").orElseThrow())
        .startsWith("text/javascript");
    assertThat(script.headers().firstValue("vary")).hasValue("Accept-Encoding");
    assertThat(script.headers().firstValue("content-encoding")).isEmpty();
    HttpResponse<String> head = server.send(server.request("HEAD", "/", ""));
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(server.send(server.request("GET", "/assets/none-0123456789.js", "")).statusCode())
        .isEqualTo(404);
  }

  @Test
  void shouldCompressTheConsolesTextForWhoTakesIt() throws Exception {
    String path = "/assets/large-0123456789.js";
    HttpResponse<String> plain = server.send(server.request("GET", path, ""));
    assertThat(plain.headers().firstValue("content-encoding")).isEmpty();
    HttpResponse<byte[]> gzip =
        server.client.send(
            server
                .request("GET", path, "")
                .header("Accept-Encoding", "br;q=1.0, gzip;q=0.8")
                .build(),
            BodyHandlers.ofByteArray());
    assertThat(gzip.headers().firstValue("content-encoding")).hasValue("gzip");
    assertThat(gzip.headers().firstValue("vary")).hasValue("Accept-Encoding");
    assertThat(gzip.headers().firstValue("cache-control").orElseThrow()).contains("immutable");
    assertThat(gzip.body().length).isLessThan(plain.body().length() / 3);
    try (var in = new GZIPInputStream(new ByteArrayInputStream(gzip.body()))) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo(plain.body());
    }
  }

  @Test
  void shouldReadWhetherGzipIsTaken() {
    for (String yes :
        List.of("gzip", "GZIP;q=0.1", "br, gzip", "*", "x-gzip", "identity, *;q=0.5")) {
      assertThat(ConsoleFile.takesGzip(yes)).as(yes).isTrue();
    }
    for (String no : List.of("", "br", "gzip;q=0", "gzip; q=0.000, *", "*;q=0")) {
      assertThat(ConsoleFile.takesGzip(no)).as(no).isFalse();
    }
    assertThat(ConsoleFile.takesGzip(null)).isFalse();
  }

  @Test
  void shouldServeNothingButTheConsolesFiles() throws Exception {
    for (String path :
        new String[] {
          "/../logback.xml",
          "/..%2flogback.xml",
          "/%2e%2e/logback.xml",
          "/assets/..%2f..%2flogback.xml",
          "/assets/%2e%2e/%2e%2e/META-INF/MANIFEST.MF",
          "/.hidden",
          "/a//b.js",
          "/%00.js",
          "/a;b.js",
          "/\\..\\x.js"
        }) {
      String answer = raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      assertThat(answer).as(path).containsPattern("^HTTP/1.1 40[04] ");
      assertThat(answer).as(path).contains("application/problem+json");
    }
  }

  @Test
  void shouldAnswerBadHttpWithAProblem() throws Exception {
    for (String request :
        new String[] {
          "GET / HTTP/9.9\r\n\r\n",
          "nonsense\r\n\r\n",
          "GET /api/v1/volumes HTTP/1.1\r\n\r\n",
          "GET /api/v1/volumes HTTP/1.1\r\nHost: x\r\nX: " + "y".repeat(20_000) + "\r\n\r\n",
          "POST /api/v1/volumes HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"
        }) {
      String answer = raw(request);
      assertThat(answer)
          .as(request.length() > 100 ? request.substring(0, 100) : request)
          .containsPattern("^HTTP/1.1 (4\\d\\d|505) ")
          .doesNotContain("<html", "jetty", "Exception");
    }
    assertThat(server.get("/api/v1/appliance").statusCode()).isEqualTo(200);
  }

  private String raw(String request) throws IOException {
    try (var socket = new Socket("127.0.0.1", server.server.fixedAddress().getPort())) {
      socket.setSoTimeout(5_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
      try (InputStream in = socket.getInputStream()) {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
      }
    }
  }
}
