package io.bascule.cli.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.api.VolumeView;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against bytes on real sockets: what a handover, a proxy or a broken server may send. */
class ApplianceClientTest {
  private static final String NO_ACTIVE =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
          + "Content-Length: 20\r\n\r\n{\"code\":\"NO_ACTIVE\"}";

  private final List<ServerSocket> servers = new CopyOnWriteArrayList<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();

  @AfterEach
  void stop() throws IOException {
    for (var server : servers) {
      server.close();
    }
  }

  @Test
  void shouldFindAFixedPortWhenTheFloatingOneIsClosed() throws Exception {
    int floating = freeTriple();
    serve(floating + 2, ok("[1]"));
    assertThat(client(floating).get("/x")).isEqualTo("[1]");
  }

  @Test
  void shouldNotShowTheToken() throws Exception {
    String token = "never-to-be-seen";
    var access = Access.find("http://127.0.0.1:8443", token, Path.of("nowhere"));
    assertThat(access.token()).isEqualTo(token);
    assertThat(access.toString()).contains("8443").doesNotContain(token);
    assertThat(new Access.AccessFile("http://127.0.0.1:8443", token).toString())
        .contains("8443")
        .doesNotContain(token);
  }

  @Test
  void shouldReadChunksAndIgnoreInterimAnswers() throws Exception {
    int port = freeTriple();
    serve(
        port,
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
            + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3;x=y\r\n[1,\r\n2\r\n2]\r\n0\r\nTrailer: z\r\n\r\n");
    assertThat(client(port).get("/x")).isEqualTo("[1,2]");
  }

  @Test
  void shouldReadToTheEndWithoutALength() throws Exception {
    int port = freeTriple();
    serve(port, "HTTP/1.1 200 OK\r\n\r\n[]");
    assertThat(client(port).get("/x")).isEqualTo("[]");
  }

  @Test
  void shouldAskAgainWhileNobodyIsActive() throws Exception {
    int port = freeTriple();
    serve(port, NO_ACTIVE, NO_ACTIVE, ok("[]"));
    assertThat(client(port).get("/x")).isEqualTo("[]");
    assertThat(requests).hasSize(3);
  }

  @Test
  void shouldAskAgainWhenAnAnswerToAReadBreaks() throws Exception {
    int port = freeTriple();
    serve(port, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[", ok("[]"));
    assertThat(client(port).get("/x")).isEqualTo("[]");
  }

  @Test
  void shouldNeverSendAChangeTwice() throws Exception {
    int port = freeTriple();
    serve(port, "", ok("{}"));
    assertThatThrownBy(() -> client(port).change("POST", "/volumes", new VolumeView.Create("v", 1)))
        .isInstanceOf(OutcomeUnknown.class)
        .hasMessageContaining("look before you repeat it");
    assertThat(requests).hasSize(1);
  }

  @Test
  void shouldSendAChangeAgainThatNobodyTook() throws Exception {
    int port = freeTriple();
    serve(port, NO_ACTIVE, ok("{}"));
    assertThat(client(port).change("POST", "/upgrade/cancel", null)).isEqualTo("{}");
    assertThat(requests).hasSize(2);
  }

  @Test
  void shouldGiveUpWhenItsPatienceEnds() throws Exception {
    int port = freeTriple();
    serve(port, NO_ACTIVE);
    var client = client(port).patient(Duration.ofMillis(200));
    assertThatThrownBy(() -> client.get("/x"))
        .isInstanceOf(NotReachable.class)
        .hasMessageContaining("NO_ACTIVE");
  }

  @Test
  void shouldNotBelieveWhatIsNoHttp() throws Exception {
    for (String nonsense :
        List.of(
            "SSH-2.0-OpenSSH_9.2\r\n\r\n",
            "HTTP/1.1 abc\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
            "HTTP/1.1 200 OK\r\nX: " + "y".repeat(70_000) + "\r\n\r\n")) {
      int port = freeTriple();
      serve(port, nonsense);
      var client = client(port).patient(Duration.ofMillis(100));
      assertThatThrownBy(() -> client.get("/x")).isInstanceOf(NotReachable.class);
    }
  }

  @Test
  void shouldTellWhatIsNoProblemOfOursByItsStatus() throws Exception {
    int port = freeTriple();
    serve(port, "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<h1>oops</h1>");
    assertThatThrownBy(() -> client(port).get("/x"))
        .isInstanceOf(Refused.class)
        .hasMessage("the server answered HTTP 502 [HTTP_502]");
  }

  @Test
  void shouldListenToAServerThatStopsAnUpload(@TempDir Path folder) throws Exception {
    int port = freeTriple();
    String body =
        "{\"type\":\"t\",\"title\":\"Too large\",\"status\":413,\"code\":\"TOO_LARGE\","
            + "\"detail\":\"At most 1 GiB.\",\"cancel\":null,\"prechecks\":null}";
    serve(
        port,
        ok("[]"),
        "HTTP/1.1 413 Too Large\r\nContent-Type: application/problem+json\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n"
            + body);
    var file = Files.write(folder.resolve("a.pkg"), new byte[100_000]);
    assertThatThrownBy(() -> client(port).upload("/packages", file, sent -> {}))
        .isInstanceOf(Refused.class)
        .hasMessage("At most 1 GiB. [TOO_LARGE]");
  }

  private static String ok(String body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
  }

  private ApplianceClient client(int port) {
    var url = java.net.URI.create("http://127.0.0.1:" + port);
    return new ApplianceClient(new Access(url, "t", Optional.empty()));
  }

  /** Answers each connection with the next of these; the last one again and again. */
  private void serve(int port, String... answers) throws IOException {
    var server = new ServerSocket(port, 10, InetAddress.getLoopbackAddress());
    servers.add(server);
    Thread.ofVirtual()
        .start(() -> {
          for (int i = 0; !server.isClosed(); i++) {
            try (Socket socket = server.accept()) {
              requests.add(readRequest(socket.getInputStream()));
              String answer = answers[Math.min(i, answers.length - 1)];
              socket.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
              // the client or the test has ended it
            }
          }
        });
  }

  private static String readRequest(InputStream in) throws IOException {
    var head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = in.read();
      if (b < 0) {
        return head.toString();
      }
      head.append((char) b);
    }
    var length = java.util.regex.Pattern.compile("Content-Length: (\\d+)").matcher(head);
    if (length.find()) {
      in.readNBytes(Integer.parseInt(length.group(1)));
    }
    return head.toString();
  }

  /** Three neighbouring free ports: the floating one and the two fixed ones. */
  private static int freeTriple() throws IOException {
    for (int attempt = 0; attempt < 100; attempt++) {
      try (var first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        int port = first.getLocalPort();
        try (var second = new ServerSocket(port + 1, 1, InetAddress.getLoopbackAddress());
            var third = new ServerSocket(port + 2, 1, InetAddress.getLoopbackAddress())) {
          return second.isBound() && third.isBound() ? port : 0;
        } catch (IOException e) {
          // taken: another three
        }
      }
    }
    throw new IOException("no three free ports");
  }
}
