package io.bascule.controller.service;

import java.util.Optional;

/** Who may call. Sessions are kept in the enclosure: no handover signs anybody out. */
public interface AccessService {
  /** The name to put into the history for the holder of a bearer token; empty if it is wrong. */
  Optional<String> byToken(String token);

  /** The name for a session cookie; empty if there is no such session (any more). */
  Optional<String> bySession(String cookie);

  /** A one-time code for a sign-in link, good for ten minutes. */
  String newSignInCode(String by);

  /**
   * Exchanges a code, once, for a session cookie's value; empty if it is used, expired or wrong.
   */
  Optional<String> redeem(String code);

  void signOut(String cookie);
}
