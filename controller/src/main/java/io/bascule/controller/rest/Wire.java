package io.bascule.controller.rest;

import io.avaje.jsonb.Json;
import io.avaje.jsonb.Jsonb;
import io.bascule.json.ApiJson;
import io.javalin.http.Context;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** JSON as it leaves: every field of the contract is present, what is not known is null. */
final class Wire {
  static final String JSON = "application/json";
  static final String PROBLEM = "application/problem+json";

  private static final Jsonb JSONB = ApiJson.codec();

  private Wire() {}

  static byte[] bytes(Object value) {
    return JSONB.toJsonBytes(value);
  }

  static String text(Object value) {
    return JSONB.toJson(value);
  }

  static void answer(Context http, int status, Object value) {
    http.status(status).contentType(JSON).result(bytes(value));
  }

  static <T> void answerList(Context http, Class<T> element, List<T> values) {
    http.status(200).contentType(JSON).result(JSONB.type(element).list().toJsonBytes(values));
  }

  /** Whether a browser asks for something to be looked at, not a program. */
  static boolean wantsPage(Context http) {
    String accept = http.header("Accept");
    return accept != null && accept.contains("text/html");
  }

  /** The answer of an operation on a controller. */
  @Json
  record Done(String detail) {}

  /** A code for one sign-in, and the link that carries it. */
  @Json
  record SignInLink(String code, String url) {
    /** Neither the code nor the address with it reaches a log. */
    @Override
    public String toString() {
      return "SignInLink[]";
    }
  }

  /** POST /sign-in. */
  record SignIn(String code) {
    @Override
    public String toString() {
      return "SignIn[]";
    }
  }

  /**
   * GET /session: who is asking.
   *
   * @param via TOKEN or SESSION
   */
  @Json
  record Session(String name, String via) {}

  /** GET /healthz. */
  @Json
  record Health(String status, int controller, String role) {}

  /** POST /controllers/{id}/power-on. Null leaves the slot to the chassis. */
  record PowerOn(@Nullable String slot) {}

  /** The body of a request that needs none. */
  record Nothing() {}
}
