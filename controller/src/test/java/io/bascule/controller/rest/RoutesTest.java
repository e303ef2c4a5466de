package io.bascule.controller.rest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each route does its work, and answers with the right status and shape. */
class RoutesTest {
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

  private String ok(String method, String path, String body, int status) throws Exception {
    HttpResponse<String> answer = server.call(method, path, body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    return answer.body();
  }

  private String problem(String method, String path, String body, int status, String code)
      throws Exception {
    HttpResponse<String> answer = server.call(method, path, body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().firstValue("content-type")).contains("application/problem+json");
    assertThat(answer.body()).contains("\"code\":\"" + code + "\"", "\"status\":" + status);
    return answer.body();
  }

  @Test
  void shouldShowTheAppliance() throws Exception {
    String body = ok("GET", "/api/v1/appliance", "", 200);
    assertThat(body)
        .contains("\"name\":\"test\"", "\"slots\":{\"A\":\"1.2.1\",\"B\":null}")
        .contains("\"since\":\"2026-11-22T18:00:00Z\"", "\"role\":null", "\"redundant\":true");
  }

  @Test
  void shouldKeepVolumes() throws Exception {
    assertThat(ok("GET", "/api/v1/volumes", "", 200)).isEqualTo("[]");
    HttpResponse<String> made =
        server.call("POST", "/api/v1/volumes", "{\"name\":\"db 1\",\"sizeBytes\":1048576}");
    assertThat(made.statusCode()).isEqualTo(201);
    String location = made.headers().firstValue("location").orElseThrow();
    assertThat(location).isEqualTo("/api/v1/volumes/db%201");
    assertThat(ok("GET", location, "", 200)).contains("\"name\":\"db 1\"", "\"lun\":0");
    assertThat(ok("PATCH", location, "{\"sizeBytes\":2097152}", 200)).contains("2097152");
    problem("PATCH", location, "{\"sizeBytes\":1}", 400, "INVALID_ARGUMENT");
    problem(
        "POST", "/api/v1/volumes", "{\"name\":\"db 1\",\"sizeBytes\":1}", 409, "ALREADY_EXISTS");
    assertThat(ok("DELETE", location, "", 204)).isEmpty();
    problem("GET", location, "", 404, "NOT_FOUND");
    assertThat(server.appliance.changes())
        .containsExactly(
            "volume db 1 1048576 by admin", "resize db 1 2097152 by admin", "delete db 1 by admin");
  }

  @Test
  void shouldKeepSnapshots() throws Exception {
    ok("POST", "/api/v1/volumes", "{\"name\":\"db\",\"sizeBytes\":1048576}", 201);
    String all = "/api/v1/volumes/db/snapshots";
    HttpResponse<String> made = server.call("POST", all, "{\"name\":\"a.1\"}");
    assertThat(made.statusCode()).isEqualTo(201);
    String location = made.headers().firstValue("location").orElseThrow();
    assertThat(location).isEqualTo(all + "/a.1");
    assertThat(ok("GET", location, "", 200))
        .isEqualTo(
            "{\"volume\":\"db\",\"name\":\"a.1\",\"sizeBytes\":1048576,\"allocatedBytes\":0,"
                + "\"createdAt\":\"2026-11-22T18:00:00Z\"}");
    problem("POST", all, "{\"name\":\"a.1\"}", 409, "ALREADY_EXISTS");
    problem("POST", all, "{\"name\":\"b\",\"size\":1}", 400, "MALFORMED_REQUEST");
    problem("POST", all, "{}", 400, "MALFORMED_REQUEST");
    problem("POST", location + "/clone", "{\"name\":\"x\"}", 400, "MALFORMED_REQUEST");
    problem("POST", location + "/rollback", "{\"x\":1}", 400, "MALFORMED_REQUEST");
    HttpResponse<String> clone = server.call("POST", location + "/clone", "{\"volume\":\"copy\"}");
    assertThat(clone.statusCode()).isEqualTo(201);
    assertThat(clone.headers().firstValue("location")).contains("/api/v1/volumes/copy");
    assertThat(ok("POST", location + "/rollback", "", 200)).contains("\"name\":\"db\"");
    assertThat(ok("GET", "/api/v1/snapshots", "", 200)).contains("\"name\":\"a.1\"");
    assertThat(ok("GET", "/api/v1/volumes/copy/snapshots", "", 200)).isEqualTo("[]");
    assertThat(ok("DELETE", location, "", 204)).isEmpty();
    problem("DELETE", location, "", 404, "NOT_FOUND");
    assertThat(server.appliance.changes())
        .endsWith(
            "snapshot db a.1 by admin",
            "volume copy 1048576 by admin",
            "rollback db a.1 by admin",
            "delete snapshot db a.1 by admin");
  }

  @Test
  void shouldKeepHosts() throws Exception {
    ok(
        "POST",
        "/api/v1/hosts",
        "{\"name\":\"h\",\"iqn\":\"iqn.2026-01.x:h\",\"chapUser\":\"u\","
            + "\"chapSecret\":\"secret-secret\",\"volumes\":[\"a\",\"b\"]}",
        201);
    assertThat(ok("GET", "/api/v1/hosts", "", 200))
        .contains("\"volumes\":[\"a\",\"b\"]")
        .doesNotContain("secret-secret");
    assertThat(ok("PATCH", "/api/v1/hosts/h", "{\"volumes\":[\"c\"]}", 200))
        .contains("\"volumes\":[\"c\"]", "\"chapUser\":\"u\"");
    assertThat(ok("GET", "/api/v1/hosts/h", "", 200)).contains("\"name\":\"h\"");
    ok("DELETE", "/api/v1/hosts/h", "", 204);
    problem("DELETE", "/api/v1/hosts/h", "", 404, "NOT_FOUND");
  }

  @Test
  void shouldTakePackages() throws Exception {
    HttpResponse<String> answer = upload("PK and more".getBytes());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    assertThat(answer.body()).contains("\"version\":\"1.2.2\"", "\"sizeBytes\":11");
    assertThat(ok("GET", "/api/v1/packages", "", 200)).contains("bascule-1.2.2.pkg");
    assertThat(upload("nonsense".getBytes()).statusCode()).isEqualTo(422);
    assertThat(upload(new byte[0]).statusCode()).isEqualTo(422);
    HttpResponse<String> large = upload(new byte[(4 << 20) + 1]);
    assertThat(large.statusCode()).isEqualTo(413);
    assertThat(large.body()).contains("TOO_LARGE");
    var wrongMedia = server.call("POST", "/api/v1/packages", "{}");
    assertThat(wrongMedia.statusCode()).isEqualTo(415);
    try (var left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void shouldRefuseAChunkedPackageThatIsTooLarge() throws Exception {
    byte[] chunk = new byte[1 << 20];
    var body = BodyPublishers.ofByteArrays(java.util.Collections.nCopies(6, chunk));
    var answer =
        server.send(
            server
                .request("POST", "/api/v1/packages", "")
                .header("Authorization", "Bearer " + InMemoryAppliance.TOKEN)
                .header("Content-Type", "application/octet-stream")
                .POST(body));
    assertThat(answer.statusCode()).isEqualTo(413);
    try (var left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  private HttpResponse<String> upload(byte[] content) throws Exception {
    return server.send(
        server
            .request("POST", "/api/v1/packages", "")
            .header("Authorization", "Bearer " + InMemoryAppliance.TOKEN)
            .header("Content-Type", "application/octet-stream")
            .POST(BodyPublishers.ofByteArray(content)));
  }

  @Test
  void shouldStartChangeAndCancelAnUpgrade() throws Exception {
    assertThat(ok("GET", "/api/v1/upgrade", "", 200))
        .contains("\"id\":null", "\"state\":\"IDLE\"", "\"steps\":[]", "\"etaSeconds\":null");
    problem("PATCH", "/api/v1/upgrade", "{\"paused\":true}", 409, "NO_UPGRADE");
    assertThat(ok("POST", "/api/v1/upgrade", "{\"version\":\"1.2.2\",\"dryRun\":true}", 200))
        .contains("\"passed\":true", "\"plan\":[");
    assertThat(
            problem("POST", "/api/v1/upgrade", "{\"version\":\"2.0.1\"}", 409, "PRECHECK_FAILED"))
        .contains("\"prechecks\":{\"passed\":false", "\"remedy\":\"Add it.\"");
    assertThat(ok("POST", "/api/v1/upgrade", "{\"version\":\"1.2.2\",\"dryRun\":false}", 202))
        .contains("\"state\":\"RUNNING\"", "\"etaSeconds\":{\"low\":10,\"high\":20}");
    problem("POST", "/api/v1/upgrade", "{\"version\":\"1.2.2\"}", 409, "UPGRADE_RUNNING");
    assertThat(ok("PATCH", "/api/v1/upgrade", "{\"pauseAt\":[\"handover\"]}", 200))
        .contains("\"pauseAt\":[\"handover\"]");
    assertThat(ok("GET", "/api/v1/upgrade/cancel", "", 200))
        .contains("\"availability\":\"AVAILABLE\"", "\"expectedHostPauseMillis\":400");
    assertThat(
            problem(
                "POST",
                "/api/v1/upgrade/cancel",
                "{\"upgradeId\":\"u1\",\"revision\":7}",
                409,
                "REVISION_CHANGED"))
        .contains("\"cancel\":{\"upgradeId\":\"u1\",\"revision\":1");
    assertThat(
            ok(
                "POST",
                "/api/v1/upgrade/cancel",
                "{\"upgradeId\":\"u1\",\"revision\":1,\"reason\":\"OTHER\",\"whenPossible\":true}",
                200))
        .contains("\"outcome\":\"QUEUED\"");
    assertThat(ok("DELETE", "/api/v1/upgrade/cancel", "", 200)).contains("\"queued\":null");
    assertThat(ok("GET", "/api/v1/upgrades", "", 200)).contains("\"id\":\"u1\"");
    assertThat(ok("GET", "/api/v1/upgrades/u1/report", "", 200))
        .contains("\"receipt\":{\"volumesVerified\":2", "\"afterP99Micros\":null");
    problem("GET", "/api/v1/upgrades/u2/report", "", 404, "NOT_FOUND");
  }

  @Test
  void shouldOperateControllers() throws Exception {
    assertThat(ok("POST", "/api/v1/controllers/handover", "", 202))
        .isEqualTo("{\"detail\":\"Controller 1 takes over.\"}");
    ok("POST", "/api/v1/controllers/1/reboot", "", 202);
    ok("POST", "/api/v1/controllers/1/power-off", "{}", 202);
    ok("POST", "/api/v1/controllers/1/power-on", "", 202);
    ok("POST", "/api/v1/controllers/1/power-on", "{\"slot\":\"B\"}", 202);
    problem("POST", "/api/v1/controllers/1/power-on", "{\"slot\":\"C\"}", 400, "INVALID_ARGUMENT");
    problem("POST", "/api/v1/controllers/2/reboot", "", 404, "NOT_FOUND");
    problem("POST", "/api/v1/controllers/1/reboot", "{\"x\":1}", 400, "MALFORMED_REQUEST");
    server.appliance.setRedundant(false);
    problem("POST", "/api/v1/controllers/handover", "", 409, "NOT_REDUNDANT");
    assertThat(server.appliance.changes())
        .containsExactly(
            "handover by admin",
            "reboot controller 1 by admin",
            "power-off controller 1 by admin",
            "power-on controller 1 null by admin",
            "power-on controller 1 B by admin");
  }

  @Test
  void shouldShowAndAcknowledgeAlerts() throws Exception {
    server.appliance.events.raise("WARNING", "standby.off", "It is off.", "Switch it on.");
    assertThat(ok("GET", "/api/v1/alerts", "", 200)).contains("\"kind\":\"standby.off\"");
    ok("POST", "/api/v1/alerts/1/acknowledge", "", 204);
    problem("POST", "/api/v1/alerts/9/acknowledge", "", 404, "NOT_FOUND");
    problem("POST", "/api/v1/alerts/nine/acknowledge", "", 404, "NOT_FOUND");
  }

  @Test
  void shouldExportMetrics() throws Exception {
    server.call("POST", "/api/v1/volumes", "{\"name\":\"v\",\"sizeBytes\":4096}");
    HttpResponse<String> answer = server.get("/metrics");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("content-type").orElseThrow()).startsWith("text/plain");
    assertThat(answer.body())
        .contains(
            "bascule_redundant 1.0",
            "bascule_volume_size_bytes{volume=\"v\"} 4096.0",
            "bascule_allocated_bytes 4096.0",
            "bascule_used_bytes 1024.0",
            "bascule_controller_active{controller=\"0\"} 1.0",
            "bascule_upgrade_state{state=\"IDLE\"} 1.0");
  }

  @Test
  void shouldSayThatItLives() throws Exception {
    HttpResponse<String> answer = server.send(server.request("GET", "/healthz", ""));
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("{\"status\":\"UP\",\"controller\":0,\"role\":\"ACTIVE\"}");
  }

  @Test
  void shouldRefuseUnknownPathsAndMethods() throws Exception {
    problem("GET", "/api/v1/nothing", "", 404, "NOT_FOUND");
    problem("GET", "/api/v2/volumes", "", 404, "NOT_FOUND");
    problem("GET", "/api", "", 404, "NOT_FOUND");
    problem("GET", "/missing.js", "", 404, "NOT_FOUND");
    problem("POST", "/healthz", "", 405, "METHOD_NOT_ALLOWED");
    HttpResponse<String> answer = server.call("PUT", "/api/v1/volumes/x", "{}");
    assertThat(answer.statusCode()).isEqualTo(405);
    assertThat(answer.headers().firstValue("allow")).contains("DELETE, GET, PATCH");
  }

  @Test
  void shouldNotTellWhatIsWrongInside() throws Exception {
    server.appliance.failure.set(new IllegalStateException("the secret reason"));
    String body =
        problem("POST", "/api/v1/volumes", "{\"name\":\"v\",\"sizeBytes\":1}", 500, "INTERNAL");
    assertThat(body).doesNotContain("secret reason", "IllegalState", "at io.").contains("log of");
  }

  @Test
  void shouldRefuseOversizedBodies() throws Exception {
    String name = "x".repeat(2 << 20);
    problem(
        "POST", "/api/v1/volumes", "{\"name\":\"" + name + "\",\"sizeBytes\":1}", 413, "TOO_LARGE");
    assertThat(server.appliance.changes()).isEmpty();
  }

  @Test
  void shouldSendSecurityHeaders() throws Exception {
    for (String path : new String[] {"/api/v1/appliance", "/healthz", "/nothing.js"}) {
      HttpResponse<String> answer = server.get(path);
      assertThat(answer.headers().firstValue("content-security-policy").orElseThrow())
          .contains("default-src 'none'", "frame-ancestors 'none'")
          .doesNotContain("unsafe");
      assertThat(answer.headers().firstValue("x-content-type-options")).contains("nosniff");
      assertThat(answer.headers().firstValue("cache-control")).contains("no-store");
      assertThat(answer.headers().firstValue("server")).isEmpty();
    }
  }
}
