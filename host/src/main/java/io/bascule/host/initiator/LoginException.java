package io.bascule.host.initiator;

import java.io.IOException;

/** The target refused a login. Class and detail are those of RFC 7143, 11.13.5. */
public final class LoginException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int statusClass;
  private final int statusDetail;

  LoginException(int statusClass, int statusDetail) {
    super(
        String.format(
            "login refused: %s (%02x%02x)",
            describe(statusClass, statusDetail), statusClass, statusDetail));
    this.statusClass = statusClass;
    this.statusDetail = statusDetail;
  }

  /** 2: our fault (credentials, name). 3: the target's, worth another attempt. */
  public int statusClass() {
    return statusClass;
  }

  public int statusDetail() {
    return statusDetail;
  }

  private static String describe(int statusClass, int detail) {
    return switch (statusClass << 8 | detail) {
      case 0x0201 -> "authentication failed";
      case 0x0202 -> "this initiator is not allowed";
      case 0x0203 -> "target not found";
      case 0x0204 -> "target removed";
      case 0x0205 -> "unsupported version";
      case 0x0206 -> "too many connections";
      case 0x0207 -> "missing parameter";
      case 0x0301 -> "service unavailable";
      case 0x0302 -> "out of resources";
      default -> statusClass == 3 ? "target error" : "initiator error";
    };
  }
}
