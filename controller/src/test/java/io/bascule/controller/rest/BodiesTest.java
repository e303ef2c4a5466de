package io.bascule.controller.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.Refusal;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.HostView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.api.VolumeView;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A body is read as the contract says, or refused, and nothing in between. */
class BodiesTest {
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

  private static <T extends Record> T read(String json, Class<T> type) {
    return StrictJson.read(json.getBytes(StandardCharsets.UTF_8), type);
  }

  @Test
  void shouldReadWhatTheContractSays() {
    assertThat(
            read(" {\"sizeBytes\" : 12 , \"name\":\"\\u0061\\n\\\"\"}\n", VolumeView.Create.class))
        .isEqualTo(new VolumeView.Create("a\n\"", 12));
    assertThat(
            read(
                "{\"name\":\"h\",\"iqn\":\"*\",\"volumes\":[\"a\",\"]}\"],\"chapUser\":null}",
                HostView.Create.class))
        .isEqualTo(new HostView.Create("h", "*", null, null, List.of("a", "]}")));
    assertThat(read("{\"upgradeId\":\"u\",\"revision\":1.0}", CancelView.Request.class))
        .isEqualTo(new CancelView.Request("u", 1, null, null, null, null));
    assertThat(read("{\"paused\":false,\"pauseAt\":[]}", UpgradeView.Change.class))
        .isEqualTo(new UpgradeView.Change(false, List.of(), null, null));
    assertThat(read("{\"sizeBytes\":9223372036854775807}", VolumeView.Resize.class).sizeBytes())
        .isEqualTo(Long.MAX_VALUE);
    assertThat(
            read("{\"name\":\"\u00fcber \ud83c\udf09\",\"sizeBytes\":1}", VolumeView.Create.class)
                .name())
        .isEqualTo("\u00fcber \ud83c\udf09");
  }

  @Test
  void shouldNameWhatIsWrong() {
    refused("{\"name\":\"a\",\"sizeBytes\":1,\"colour\":2}", "Unknown field 'colour'");
    refused("{\"name\":\"a\"}", "'sizeBytes' is missing");
    refused("{\"name\":null,\"sizeBytes\":1}", "'name' must not be null");
    refused("{\"name\":\"a\",\"sizeBytes\":null}", "'sizeBytes' must not be null");
    refused("{\"name\":1,\"sizeBytes\":1}", "'name' must be text");
    refused("{\"name\":true,\"sizeBytes\":1}", "'name' must be text");
    refused("{\"name\":\"a\",\"sizeBytes\":\"1\"}", "'sizeBytes' must be a number");
    refused("{\"name\":\"a\",\"sizeBytes\":1.5}", "whole number");
    refused("{\"name\":\"a\",\"sizeBytes\":1e30}", "whole number");
    refused("{\"name\":\"a\",\"sizeBytes\":1e999999999}", "");
    refused("{\"name\":\"a\",\"sizeBytes\":9223372036854775808}", "whole number");
    refused("{\"name\":\"a\",\"sizeBytes\":" + "9".repeat(500_000) + "}", "number is longer");
    refused("{\"name\":\"a\",\"name\":\"b\",\"sizeBytes\":1}", "twice");
    refused("{\"name\":[\"a\"],\"sizeBytes\":1}", "'name' must be text");
    refused("{\"name\":{\"a\":1},\"sizeBytes\":1}", "'name' must be text");
    refused("{\"name\":\"a\",\"sizeBytes\":1} x", "follows");
    refused("{\"name\":\"\\uD800\",\"sizeBytes\":1}", "half of a character");
    refused("{\"name\":\"\\uDC00\\uD800\",\"sizeBytes\":1}", "half of a character");
    refused("{\"name\":\"a\",\"sizeBytes\":1}{}", "follows");
    refused("{\"name\":\"a\",\"sizeBytes\":1", "not well-formed");
    refused("{\"name\":\"a\" \"sizeBytes\":1}", "not well-formed");
    refused("[]", "must be a JSON object");
    refused("null", "must be a JSON object");
    refused("\"text\"", "must be a JSON object");
    refused("", "");
    refused("   ", "");
    refused("nonsense", "");
    refused("{'name':'a','sizeBytes':1}", "");
    refused("{name:\"a\",sizeBytes:1}", "");
    refused("{\"name\":\"a\",\"sizeBytes\":01}", "");
    refused("{\"name\":\"a\",\"sizeBytes\":1,}", "");
    refused("{\"name\":\"a\nb\",\"sizeBytes\":1}", "");
    refused("{\"name\":\"a\",\"sizeBytes\":NaN}", "");
    refused("[".repeat(100_000), "");
  }

  private static void refused(String json, String saying) {
    assertThatThrownBy(() -> read(json, VolumeView.Create.class))
        .as(json.length() > 200 ? json.substring(0, 200) : json)
        .isInstanceOf(Refusal.class)
        .hasMessageContaining(saying);
  }

  @Test
  void shouldRefuseOtherListsThanOfText() {
    for (String list :
        List.of("[1]", "[null]", "[[]]", "\"a\"", "{}", "[\"a\",]", "[\"a\" \"b\"]")) {
      assertThatThrownBy(() -> read("{\"pauseAt\":" + list + "}", UpgradeView.Change.class))
          .as(list)
          .isInstanceOf(Refusal.class);
    }
  }

  @Test
  void shouldRefuseOverHttp() throws Exception {
    HttpResponse<String> text =
        server.send(
            server
                .request("POST", "/api/v1/volumes", "")
                .header("Authorization", "Bearer " + InMemoryAppliance.TOKEN)
                .header("Content-Type", "text/plain")
                .POST(BodyPublishers.ofString("{\"name\":\"a\",\"sizeBytes\":1}")));
    assertThat(text.statusCode()).isEqualTo(415);
    assertThat(text.body()).contains("UNSUPPORTED_MEDIA");
    HttpResponse<String> latin =
        server.send(
            server
                .request("POST", "/api/v1/volumes", "")
                .header("Authorization", "Bearer " + InMemoryAppliance.TOKEN)
                .header("Content-Type", "application/json; charset=utf-8")
                .POST(
                    BodyPublishers.ofString(
                        "{\"name\":\"\u00fc\",\"sizeBytes\":1}", StandardCharsets.ISO_8859_1)));
    assertThat(latin.statusCode()).isEqualTo(400);
    assertThat(latin.body()).contains("UTF-8");
    assertThat(server.call("POST", "/api/v1/volumes", "").statusCode()).isEqualTo(415);
    assertThat(server.appliance.changes()).isEmpty();
  }

  private static final List<String> SEEDS =
      List.of(
          "{\"name\":\"a\",\"sizeBytes\":1048576}",
          "{\"version\":\"1.2.2\",\"dryRun\":true,\"pauseAt\":[\"handover\",\"commit\"],"
              + "\"priority\":\"HOST_FIRST\",\"maxBytesPerSecond\":52428800,\"confirmSeconds\":60}",
          "{\"upgradeId\":\"u1\",\"revision\":3,\"reason\":\"OTHER\",\"comment\":\"\\u00e9\\n\","
              + "\"acceptDisruption\":false,\"whenPossible\":true}",
          "{\"name\":\"h\",\"iqn\":\"*\",\"chapUser\":null,\"chapSecret\":null,\"volumes\":[\"*\"]}",
          "{\"slot\":\"A\"}");

  private static final List<String> POSTS =
      List.of(
          "/api/v1/volumes",
          "/api/v1/hosts",
          "/api/v1/upgrade",
          "/api/v1/upgrade/cancel",
          "/api/v1/controllers/1/power-on",
          "/api/v1/controllers/handover");

  private static final List<String> PIECES =
      List.of(
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "\"",
          "\\",
          "null",
          "true",
          "-",
          "1e999",
          "0",
          "\\u",
          "\\uD800",
          "\"a\":1",
          "\u0000",
          "\t",
          "\u00fc",
          "999999999999999999999",
          "{}",
          "[]",
          "1.5",
          " ");

  @Test
  @Timeout(60)
  void shouldSurviveMangledBodies() throws Exception {
    long seed = Long.getLong("bascule.seed", System.nanoTime());
    var random = new Random(seed);
    var failed = new ArrayList<String>();
    for (int i = 0; i < 3_000; i++) {
      byte[] body = mangled(random);
      String path = POSTS.get(random.nextInt(POSTS.size()));
      HttpResponse<String> answer =
          server.send(
              server
                  .request("POST", path, "")
                  .header("Authorization", "Bearer " + InMemoryAppliance.TOKEN)
                  .header("Content-Type", "application/json")
                  .POST(BodyPublishers.ofByteArray(body)));
      if (answer.statusCode() >= 500) {
        failed.add(path + " " + new String(body, StandardCharsets.ISO_8859_1));
      }
    }
    assertThat(failed).as("seed %d", seed).isEmpty();
  }

  private static byte[] mangled(Random random) {
    String seedText = SEEDS.get(random.nextInt(SEEDS.size()));
    var text = new StringBuilder(seedText);
    for (int n = random.nextInt(4); n >= 0; n--) {
      int at = random.nextInt(text.length() + 1);
      switch (random.nextInt(4)) {
        case 0 -> text.insert(at, PIECES.get(random.nextInt(PIECES.size())));
        case 1 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(6)));
        case 2 -> text.setLength(at);
        default -> {
          if (at < text.length()) {
            text.setCharAt(at, (char) random.nextInt(256));
          }
        }
      }
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    if (bytes.length > 0 && random.nextInt(8) == 0) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
    }
    return bytes;
  }
}
