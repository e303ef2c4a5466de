package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Bad requests to a real appliance in the middle of an upgrade: the right status and code, and
 * nothing changes.
 */
class ApiTest {
  private static Appliance appliance;

  @BeforeAll
  static void up() {
    appliance = Appliance.create("api");
    appliance.addPackage("1.2.2");
    appliance.bascule("upgrade", "start", "1.2.2", "--pause-at", "once-active").ok();
    appliance.awaitState("PAUSED");
    appliance.eventually("cancel possible", () -> appliance.availability().equals("AVAILABLE"));
  }

  @AfterAll
  static void down() {
    appliance.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          POST   | /upgrade/cancel | {"upgradeId":"x","revision":1,"force":true}     | 400 | MALFORMED_REQUEST
          POST   | /upgrade/cancel | {"upgradeId":"x","revision":"one"}              | 400 | MALFORMED_REQUEST
          POST   | /upgrade/cancel | {"upgradeId":7,"revision":1}                    | 400 | MALFORMED_REQUEST
          POST   | /upgrade/cancel | {"revision":1}                                  | 400 | MALFORMED_REQUEST
          POST   | /upgrade/cancel | {"upgradeId":"x"                                | 400 | MALFORMED_REQUEST
          POST   | /upgrade/cancel | []                                              | 400 | MALFORMED_REQUEST
          POST   | /upgrade/cancel | {"upgradeId":"x","revision":1,"reason":"BORED"} | 400 | INVALID_ARGUMENT
          POST   | /upgrade/cancel | {"upgradeId":"x","revision":1}                  | 409 | REVISION_CHANGED
          POST   | /upgrade        | {"version":"1.2.2"}                             | 409 | UPGRADE_RUNNING
          POST   | /upgrade        | {"version":"one"}                               | 400 | INVALID_ARGUMENT
          PATCH  | /upgrade        | {"pauseAt":["lunch"]}                           | 400 | INVALID_ARGUMENT
          PATCH  | /upgrade        | {"pauseAt":["handover"]}                        | 400 | INVALID_ARGUMENT
          PATCH  | /upgrade        | {"priority":"FASTER"}                           | 400 | INVALID_ARGUMENT
          POST   | /volumes        | {"name":"v","sizeBytes":1048576}                | 409 | UPGRADE_RUNNING
          POST   | /controllers/handover  | {}                                       | 409 | UPGRADE_RUNNING
          POST   | /controllers/0/reboot  | {}                                       | 409 | UPGRADE_RUNNING
          GET    | /nowhere        |                                                 | 404 | NOT_FOUND
          DELETE | /upgrade        |                                                 | 405 | METHOD_NOT_ALLOWED
          DELETE | /upgrade/cancel |                                                 | 404 | NOT_FOUND
          """)
  void shouldRefuseWithStatusAndCode(
      String method, String path, String body, int status, String code) throws IOException {
    var before = appliance.upgrade();
    var answer = appliance.api().send(method, path, body, "application/json");
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    assertThat(answer.text("code")).isEqualTo(code);
    assertThat(answer.text("detail")).isNotBlank();
    assertUnchanged(before);
  }

  private static void assertUnchanged(Api.Answer before) {
    var now = appliance.upgrade();
    assertThat(now.number("revision")).isEqualTo(before.number("revision"));
    assertThat(now.text("state")).isEqualTo(before.text("state"));
    assertThat(now.text("step")).isEqualTo(before.text("step"));
    assertThat(now.text("cancel")).isEqualTo(before.text("cancel"));
  }

  @Test
  void shouldRefuseAStaleRevisionWithTheNewPreview() throws IOException {
    var before = appliance.upgrade();
    var answer =
        appliance
            .api()
            .post(
                "/upgrade/cancel",
                "{\"upgradeId\":\"%s\",\"revision\":%d}"
                    .formatted(before.text("id"), before.number("revision") - 1));
    assertThat(answer.status()).isEqualTo(409);
    assertThat(answer.text("code")).isEqualTo("REVISION_CHANGED");
    assertThat(answer.number("cancel.revision")).isEqualTo(before.number("revision"));
    assertThat(answer.text("cancel.availability")).isEqualTo("AVAILABLE");
    assertUnchanged(before);
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "2"})
  void shouldNotLetStrangersIn(int portOffset) throws IOException {
    var before = appliance.upgrade();
    String url = "http://127.0.0.1:" + (appliance.managementPort + portOffset);
    for (String path : new String[] {"/appliance", "/upgrade", "/volumes", "/upgrades"}) {
      assertNotSignedIn(new Api(url, null).get(path));
    }
    assertNotSignedIn(new Api(url, null).post("/upgrade/cancel", "{}"));
    // Few: after some wrong tokens the answer is 429 for a while, whatever the token.
    assertNotSignedIn(new Api(url, "0".repeat(43)).post("/upgrade/cancel", "{}"));
    assertUnchanged(before);
  }

  private static void assertNotSignedIn(Api.Answer answer) {
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.text("code")).isEqualTo("NOT_SIGNED_IN");
  }

  @Test
  void shouldAnswerTheSameOnEveryPort() {
    for (int port = 0; port < 3; port++) {
      var api = appliance.api(port);
      appliance.eventually(
          "an answer",
          () -> {
            try {
              return api.get("/upgrade").text("state").equals("PAUSED");
            } catch (IOException e) {
              return false;
            }
          });
    }
  }

  /** On an appliance of its own, since it ends the upgrade. */
  @Test
  void shouldGiveTwoCancelsAtOnceOneOutcome() throws Exception {
    try (var other = Appliance.create("race")) {
      other.addPackage("1.2.2");
      other.bascule("upgrade", "start", "1.2.2", "--pause-at", "once-active").ok();
      other.awaitState("PAUSED");
      other.eventually("cancel possible", () -> other.availability().equals("AVAILABLE"));
      var now = other.upgrade();
      String body =
          "{\"upgradeId\":\"%s\",\"revision\":%d}"
              .formatted(now.text("id"), now.number("revision"));
      Callable<Api.Answer> cancel = () -> other.api().post("/upgrade/cancel", body);
      try (var threads = Executors.newFixedThreadPool(2)) {
        var one = threads.submit(cancel);
        var two = threads.submit(cancel);
        assertThat(one.get().ok().text("outcome")).isEqualTo("STARTED");
        assertThat(two.get().ok().text("outcome")).isEqualTo("STARTED");
      }
      other.awaitState("CANCELED");
      other.awaitRedundant("1.2.1");
      // The same request is answered the same way, for ever; under another revision it is judged
      // anew.
      assertThat(cancel.call().ok().text("outcome")).isEqualTo("STARTED");
      assertThat(other.cancel("").text("code")).isEqualTo("CANCEL_UNAVAILABLE");
      assertThat(other.get("/upgrades").text("0.state")).isEqualTo("CANCELED");
    }
  }
}
