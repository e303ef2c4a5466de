package io.bascule.controller.rest;

import io.bascule.controller.service.AccessService;
import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.javalin.http.Context;
import java.net.InetAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides who is asking. A bearer token or a session cookie; with a cookie, what changes something
 * must also prove that our own console sent it: same origin, and a header that no form and no
 * foreign page can send. All wrong credentials get the same answer.
 */
final class Gate {
  /** Set by the console and meaningless but for being there. */
  static final String PROOF_HEADER = "X-Bascule";

  private static final String BEARER = "Bearer ";

  private final RestSettings settings;
  private final FailedSignIns failures = new FailedSignIns(System::nanoTime);

  Gate(RestSettings settings) {
    this.settings = settings;
  }

  /** Who asks, and how they proved it. */
  record Caller(String name, boolean byToken) {}

  /**
   * The caller; refuses with NOT_SIGNED_IN, or with FORBIDDEN what a foreign page may have sent.
   */
  Caller require(Context http, AccessService access) {
    String address = address(http);
    Optional<Caller> caller = identify(http, access);
    if (caller.isEmpty()) {
      if (offersCredentials(http)) {
        failures.failed(address);
        if (failures.tooMany(address)) {
          throw tooMany();
        }
      }
      throw new Refusal(
          ErrorCode.NOT_SIGNED_IN,
          "Sign in with a sign-in link, or send the access token as 'Authorization: Bearer ...'.");
    }
    if (!caller.get().byToken && changes(http)) {
      requireOwnPage(http);
    }
    return caller.get();
  }

  /**
   * Exchanges the code of a sign-in link for a session; sets the cookie. Failures are not counted:
   * nobody guesses a code, but any web page could use the count up and lock the visitor out.
   */
  void signIn(Context http, AccessService access, String code) {
    requireOwnOrigin(http);
    Optional<String> session = code.length() > 512 ? Optional.empty() : access.redeem(code);
    if (session.isEmpty()) {
      throw new Refusal(
          ErrorCode.NOT_SIGNED_IN,
          "This sign-in link is used, expired or wrong. Ask for a new one.");
    }
    http.header("Set-Cookie", cookie(http, session.get(), ""));
  }

  /** Ends the session, if there is one. */
  void signOut(Context http, AccessService access) {
    String cookie = http.cookie(settings.cookieName());
    if (cookie != null) {
      access.signOut(cookie);
    }
    http.header("Set-Cookie", cookie(http, "", "; Max-Age=0"));
  }

  private Optional<Caller> identify(Context http, AccessService access) {
    String authorization = http.header("Authorization");
    if (authorization != null) {
      return authorization.startsWith(BEARER)
          ? access
              .byToken(authorization.substring(BEARER.length()).strip())
              .map(name -> new Caller(name, true))
          : Optional.empty();
    }
    String cookie = http.cookie(settings.cookieName());
    return cookie == null
        ? Optional.empty()
        : access.bySession(cookie).map(name -> new Caller(name, false));
  }

  private boolean offersCredentials(Context http) {
    return http.header("Authorization") != null || http.cookie(settings.cookieName()) != null;
  }

  private static boolean changes(Context http) {
    return switch (http.req().getMethod()) {
      case "GET", "HEAD" -> false;
      default -> true;
    };
  }

  private static void requireOwnPage(Context http) {
    if (http.header(PROOF_HEADER) == null) {
      throw new Refusal(
          ErrorCode.FORBIDDEN,
          "With a session cookie, a request that changes something needs the header X-Bascule.");
    }
    String origin = http.header("Origin");
    boolean same =
        origin == null ? "same-origin".equals(http.header("Sec-Fetch-Site")) : isOwn(http, origin);
    if (!same) {
      throw foreign();
    }
  }

  private static void requireOwnOrigin(Context http) {
    String origin = http.header("Origin");
    if (origin != null && !isOwn(http, origin)) {
      throw foreign();
    }
  }

  private static boolean isOwn(Context http, String origin) {
    return origin.equals(base(http));
  }

  /** {@code scheme://host:port} as the caller sees it, also when a standby passed the call on. */
  static String base(Context http) {
    String host = PassOn.wasPassedOn(http) ? http.header(PassOn.HOST_HEADER) : http.header("Host");
    return http.scheme() + "://" + (host == null ? "" : host);
  }

  /**
   * Where the call comes from. What a standby says of a call that it passed on is believed only
   * when it comes from this machine, where both controllers are.
   */
  private String address(Context http) {
    String remote = http.req().getRemoteAddr();
    String told = http.header(PassOn.FROM_HEADER);
    return PassOn.wasPassedOn(http) && told != null && told.length() <= 64 && isLocal(remote)
        ? told
        : remote;
  }

  private boolean isLocal(@Nullable String remote) {
    InetAddress own = settings.fixedAddress().getAddress();
    return remote != null && own != null && remote.equals(own.getHostAddress());
  }

  private String cookie(Context http, String value, String more) {
    return settings.cookieName()
        + "="
        + value
        + "; Path=/; HttpOnly; SameSite=Strict"
        + ("https".equals(http.scheme()) ? "; Secure" : "")
        + more;
  }

  private static Refusal foreign() {
    return new Refusal(
        ErrorCode.FORBIDDEN, "The request comes from a page of another origin and is refused.");
  }

  private static Refusal tooMany() {
    return new Refusal(
        ErrorCode.TOO_MANY_REQUESTS, "Too many failed sign-ins from there; wait a minute.");
  }
}
