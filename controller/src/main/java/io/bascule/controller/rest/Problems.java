package io.bascule.controller.rest;

import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.Problem;
import io.javalin.http.Context;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/** Every answer that is no success: RFC 9457 problem details with a stable code. */
final class Problems {
  private static final Logger LOG = System.getLogger(Problems.class.getName());

  /** A handover takes well under a second, a reboot of both a few; ask again soon. */
  static final String RETRY_AFTER_SECONDS = "1";

  private Problems() {}

  static Problem of(Refusal refusal) {
    ErrorCode code = refusal.code();
    String detail = refusal.getMessage();
    return new Problem(
        "urn:bascule:problem:" + code.name(),
        code.title(),
        code.status(),
        code.name(),
        detail == null ? code.title() : detail,
        refusal.cancel().orElse(null),
        refusal.prechecks().orElse(null));
  }

  static void answer(Context http, Refusal refusal) {
    Problem problem = of(refusal);
    switch (refusal.code()) {
      case NO_ACTIVE, CHASSIS_ABSENT, TOO_MANY_REQUESTS ->
          http.header("Retry-After", RETRY_AFTER_SECONDS);
      case NOT_SIGNED_IN -> http.header("WWW-Authenticate", "Bearer");
      default -> {
        // nothing to add
      }
    }
    http.status(problem.status()).contentType(Wire.PROBLEM).result(Wire.bytes(problem));
  }

  /** An error of ours: logged here, once, under a reference that the answer names. */
  static void internal(Context http, ControllerId self, Throwable error) {
    String reference = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
    LOG.log(
        Level.ERROR,
        "%s %s failed (reference %s)".formatted(http.method(), http.path(), reference),
        error);
    answer(
        http,
        new Refusal(
            ErrorCode.INTERNAL,
            "The request failed for a reason inside the appliance. The log of %s says which, under %s."
                .formatted(self, reference)));
  }

  /** For requests that never reach a route: the HTTP layer itself refuses them. */
  static byte[] belowRoutes(int status) {
    ErrorCode code =
        switch (status) {
          case 404 -> ErrorCode.NOT_FOUND;
          case 405 -> ErrorCode.METHOD_NOT_ALLOWED;
          case 413 -> ErrorCode.TOO_LARGE;
          case 415 -> ErrorCode.UNSUPPORTED_MEDIA;
          case 503 -> ErrorCode.NO_ACTIVE;
          default -> status >= 500 ? ErrorCode.INTERNAL : ErrorCode.MALFORMED_REQUEST;
        };
    return """
    {"type":"urn:bascule:problem:%s","title":"%s","status":%d,"code":"%s",\
    "detail":"%s.","cancel":null,"prechecks":null}\
    """
        .formatted(code, code.title(), status, code, code.title())
        .getBytes(StandardCharsets.UTF_8);
  }
}
