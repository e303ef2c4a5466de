package io.bascule.host.initiator;

import org.jspecify.annotations.Nullable;

/**
 * CHAP credentials: ours, and, for mutual CHAP, what the target must prove to know.
 *
 * @param user our CHAP name
 * @param secret our secret
 * @param targetUser the name the target must give, or null for one-way CHAP
 * @param targetSecret the target's secret, or null for one-way CHAP
 */
public record Credentials(
    String user, String secret, @Nullable String targetUser, @Nullable String targetSecret) {
  public static Credentials oneWay(String user, String secret) {
    return new Credentials(user, secret, null, null);
  }

  boolean mutual() {
    return targetSecret != null;
  }

  /** Secrets never reach a log. */
  @Override
  public String toString() {
    return user + "%***";
  }
}
