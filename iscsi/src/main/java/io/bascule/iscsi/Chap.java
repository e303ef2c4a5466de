package io.bascule.iscsi;

/** What a host proves itself with (RFC 7143, 12.1.3). The secret is never logged. */
public record Chap(String user, String secret) {
  @Override
  public String toString() {
    return "Chap[user=" + user + "]";
  }
}
