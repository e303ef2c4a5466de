package io.bascule.controller.rest;

import static org.assertj.core.api.Assertions.assertThat;

import io.javalin.http.HandlerType;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may call, and what a foreign page cannot do. */
class AccessTest {
  private static final String COOKIE = "bascule-" + TestServer.MANAGEMENT_PORT;

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

  /** A path that a route answers, with its parameters filled in. */
  private static String filled(Route route) {
    return route.path().replace("{name}", "x").replace("{snapshot}", "s").replace("{id}", "1");
  }

  private String session() throws Exception {
    HttpResponse<String> link = server.call("POST", "/api/v1/sign-in-links", "");
    assertThat(link.statusCode()).as(link.body()).isEqualTo(201);
    String code = link.body().replaceAll(".*\"code\":\"([^\"]+)\".*", "$1");
    HttpResponse<String> answer = follow(code);
    assertThat(answer.statusCode()).isEqualTo(303);
    assertThat(answer.headers().firstValue("location")).contains("/");
    String cookie = answer.headers().firstValue("set-cookie").orElseThrow();
    assertThat(cookie)
        .startsWith(COOKIE + "=")
        .contains("HttpOnly", "SameSite=Strict", "Path=/")
        .doesNotContain("Secure");
    return cookie.substring(0, cookie.indexOf(';'));
  }

  private HttpResponse<String> follow(String code) throws Exception {
    return browse("/sign-in?code=" + code);
  }

  private HttpResponse<String> browse(String path) throws Exception {
    return server.send(server.request("GET", path, "").header("Accept", "text/html"));
  }

  private HttpRequest.Builder withCookie(String method, String path, String body, String cookie) {
    return server.request(method, path, body).header("Cookie", cookie);
  }

  @Test
  void shouldAnswerAllUnsignedCallsAlike() throws Exception {
    Set<String> answers = new HashSet<>();
    List<Route> routes = server.server.routes();
    assertThat(routes).hasSizeGreaterThan(30);
    for (Route route : routes) {
      if (route.access() == Route.Access.PUBLIC) {
        continue;
      }
      HttpResponse<String> none =
          server.send(server.request(route.method().name(), filled(route), ""));
      assertThat(none.statusCode()).as(route.toString()).isEqualTo(401);
      assertThat(none.headers().firstValue("www-authenticate")).contains("Bearer");
      answers.add(none.body());
    }
    for (String wrong : List.of("Bearer wrong", "Bearer ", "Basic YTpi", "Bearer")) {
      HttpResponse<String> answer =
          server.send(
              server.request("GET", "/api/v1/appliance", "").header("Authorization", wrong));
      assertThat(answer.statusCode()).isEqualTo(401);
      answers.add(answer.body());
    }
    answers.add(server.send(withCookie("GET", "/api/v1/appliance", "", COOKIE + "=forged")).body());
    answers.add(server.send(server.request("GET", "/api/v1/nothing", "")).body());
    answers.add(server.send(server.request("PUT", "/api/v1/volumes", "")).body());
    assertThat(answers).hasSize(1);
    assertThat(answers.iterator().next()).contains("\"code\":\"NOT_SIGNED_IN\"");
    assertThat(server.appliance.changes()).isEmpty();
  }

  @Test
  void shouldLetEveryRouteBeCalledWithTheToken() throws Exception {
    for (Route route : server.server.routes()) {
      if (route.path().endsWith("/events")) {
        continue;
      }
      HttpResponse<String> answer = server.call(route.method().name(), filled(route), "");
      assertThat(answer.statusCode()).as(route + " " + answer.body()).isNotIn(401, 403, 405, 500);
    }
  }

  @Test
  void shouldSignInOnceWithALink() throws Exception {
    String cookie = session();
    HttpResponse<String> who = server.send(withCookie("GET", "/api/v1/session", "", cookie));
    assertThat(who.body()).isEqualTo("{\"name\":\"admin@console\",\"via\":\"SESSION\"}");
    assertThat(server.get("/api/v1/session").body())
        .isEqualTo("{\"name\":\"admin\",\"via\":\"TOKEN\"}");
    String used = follow("code-0").headers().firstValue("location").orElseThrow();
    assertThat(used).isEqualTo("/sign-in?failed");
    HttpResponse<String> plain = server.send(server.request("GET", "/sign-in?code=code-0", ""));
    assertThat(plain.statusCode()).isEqualTo(401);
    HttpResponse<String> lacking = server.send(server.request("GET", "/sign-in?x", ""));
    assertThat(lacking.statusCode()).isEqualTo(400);
    HttpResponse<String> page = server.send(server.request("GET", "/sign-in", ""));
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.body()).contains("Test console");
  }

  @Test
  void shouldLeadABrowserToTheSignInPageWhateverIsWrongWithTheLink() throws Exception {
    for (String wrong : List.of("?code=bad", "?code=", "?x", "?code=" + "a".repeat(600))) {
      HttpResponse<String> answer = browse("/sign-in" + wrong);
      assertThat(answer.statusCode()).as(wrong).isEqualTo(303);
      HttpResponse<String> page = browse(answer.headers().firstValue("location").orElseThrow());
      assertThat(page.statusCode()).as(wrong).isEqualTo(200);
      assertThat(page.headers().firstValue("content-type").orElseThrow()).startsWith("text/html");
      assertThat(page.body()).contains("Test console");
    }
  }

  @Test
  void shouldNameTheServerInTheLink() throws Exception {
    String body = server.call("POST", "/api/v1/sign-in-links", "").body();
    assertThat(body).contains("\"url\":\"" + server.uri("/sign-in?code=code-0") + "\"");
  }

  @Test
  void shouldSignInWithAPost() throws Exception {
    String code = server.appliance.access.newSignInCode("admin");
    HttpResponse<String> foreign =
        server.send(
            server
                .request("POST", "/sign-in", "{\"code\":\"" + code + "\"}")
                .header("Origin", "http://evil.example"));
    assertThat(foreign.statusCode()).isEqualTo(403);
    HttpResponse<String> own =
        server.send(server.request("POST", "/sign-in", "{\"code\":\"" + code + "\"}"));
    assertThat(own.statusCode()).isEqualTo(204);
    assertThat(own.headers().firstValue("set-cookie")).isPresent();
  }

  @Test
  void shouldSignInWithAForm() throws Exception {
    String code = server.appliance.access.newSignInCode("admin");
    HttpResponse<String> own = form("x=1&code=" + code.replace("-", "%2d"));
    assertThat(own.statusCode()).isEqualTo(303);
    assertThat(own.headers().firstValue("location")).contains("/");
    assertThat(own.headers().firstValue("set-cookie")).isPresent();
    assertThat(form("code=" + code).statusCode()).isEqualTo(401);
    assertThat(form("cod=1").statusCode()).isEqualTo(400);
    assertThat(form("code=%zz").statusCode()).isEqualTo(400);
  }

  private HttpResponse<String> form(String body) throws Exception {
    return server.send(
        server
            .request("POST", "/sign-in", "")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  @Test
  void shouldSignOut() throws Exception {
    String cookie = session();
    HttpResponse<String> answer =
        server.send(
            withCookie("POST", "/api/v1/sign-out", "", cookie)
                .header("X-Bascule", "1")
                .header("Sec-Fetch-Site", "same-origin"));
    assertThat(answer.statusCode()).isEqualTo(204);
    assertThat(answer.headers().firstValue("set-cookie").orElseThrow()).contains("Max-Age=0");
    assertThat(server.send(withCookie("GET", "/api/v1/session", "", cookie)).statusCode())
        .isEqualTo(401);
  }

  @Test
  void shouldNotMakeSignInLinksForASession() throws Exception {
    HttpResponse<String> answer =
        server.send(
            withCookie("POST", "/api/v1/sign-in-links", "", session())
                .header("X-Bascule", "1")
                .header("Sec-Fetch-Site", "same-origin"));
    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(answer.body()).contains("FORBIDDEN");
  }

  @Test
  void shouldRefuseWhatAForeignPageCouldSend() throws Exception {
    String cookie = session();
    String own = server.uri("").toString();
    for (Route route : server.server.routes()) {
      if (route.method().equals(HandlerType.GET) || route.path().equals("/sign-in")) {
        continue;
      }
      String method = route.method().name();
      String path = filled(route);
      for (HttpRequest.Builder foreign :
          List.of(
              withCookie(method, path, "", cookie),
              withCookie(method, path, "", cookie).header("Origin", own),
              withCookie(method, path, "", cookie).header("Sec-Fetch-Site", "same-origin"),
              withCookie(method, path, "", cookie).header("X-Bascule", "1"),
              withCookie(method, path, "", cookie)
                  .header("X-Bascule", "1")
                  .header("Sec-Fetch-Site", "cross-site"),
              withCookie(method, path, "", cookie)
                  .header("X-Bascule", "1")
                  .header("Origin", "http://evil.example"),
              withCookie(method, path, "", cookie)
                  .header("X-Bascule", "1")
                  .header("Origin", "null")
                  .header("Sec-Fetch-Site", "same-origin"))) {
        HttpResponse<String> answer = server.send(foreign);
        assertThat(answer.statusCode()).as(method + " " + path).isEqualTo(403);
      }
    }
    assertThat(server.appliance.changes()).isEmpty();
    HttpResponse<String> good =
        server.send(
            withCookie("POST", "/api/v1/volumes", "{\"name\":\"v\",\"sizeBytes\":1}", cookie)
                .header("X-Bascule", "1")
                .header("Origin", own));
    assertThat(good.statusCode()).as(good.body()).isEqualTo(201);
    assertThat(server.appliance.changes()).containsExactly("volume v 1 by admin@console");
  }

  @Test
  void shouldLimitGuessing() throws Exception {
    HttpResponse<String> wrong = wrongToken();
    for (int i = 1; i < FailedSignIns.MAX_FAILURES; i++) {
      assertThat(wrong.statusCode()).isEqualTo(401);
      wrong = wrongToken();
    }
    assertThat(wrong.statusCode()).isEqualTo(429);
    assertThat(wrong.body()).contains("TOO_MANY_REQUESTS");
    // Who holds the token, or a sign-in link, is not locked out by others.
    assertThat(server.get("/api/v1/appliance").statusCode()).isEqualTo(200);
    assertThat(session()).isNotEmpty();
  }

  /** Any web page can have its visitor's browser send wrong codes. */
  @Test
  void shouldNotLockOutForWrongCodes() throws Exception {
    for (int i = 0; i <= FailedSignIns.MAX_FAILURES; i++) {
      HttpResponse<String> wrong = server.send(server.request("GET", "/sign-in?code=wrong", ""));
      assertThat(wrong.statusCode()).isEqualTo(401);
    }
    assertThat(session()).isNotEmpty();
    assertThat(wrongToken().statusCode()).isEqualTo(401);
  }

  private HttpResponse<String> wrongToken() throws Exception {
    return server.send(
        server.request("GET", "/api/v1/appliance", "").header("Authorization", "Bearer x"));
  }

  @Test
  void shouldForgetFailuresAfterAMinute() {
    var now = new AtomicLong();
    var failures = new FailedSignIns(now::get);
    for (int i = 0; i < FailedSignIns.MAX_FAILURES; i++) {
      failures.failed("a");
    }
    assertThat(failures.tooMany("a")).isTrue();
    assertThat(failures.tooMany("b")).isFalse();
    now.set(60_000_000_001L);
    assertThat(failures.tooMany("a")).isFalse();
    failures.failed("a");
    assertThat(failures.tooMany("a")).isFalse();
  }
}
