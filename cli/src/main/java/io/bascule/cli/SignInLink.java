package io.bascule.cli;

import io.avaje.jsonb.Json;

/** The answer to POST /sign-in-links: good for one sign-in. */
@Json
public record SignInLink(String code, String url) {
  /** Neither the code nor the address with it reaches a log. */
  @Override
  public String toString() {
    return "SignInLink[]";
  }
}
