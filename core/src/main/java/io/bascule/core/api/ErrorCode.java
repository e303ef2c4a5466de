package io.bascule.core.api;

/** The stable {@code code} of every refusal, with its HTTP status. */
public enum ErrorCode {
  MALFORMED_REQUEST(400, "The request cannot be read"),
  INVALID_ARGUMENT(400, "A value is not acceptable"),
  NOT_SIGNED_IN(401, "Sign in, or send a token"),
  FORBIDDEN(403, "Not allowed"),
  NOT_FOUND(404, "There is no such thing"),
  METHOD_NOT_ALLOWED(405, "Not with this method"),
  ALREADY_EXISTS(409, "The name is taken"),
  IN_USE(409, "Still in use"),
  CONFLICTING_OPERATION(409, "Not while the other operation runs"),
  NEEDS_FORMAT_2(409, "Only volumes of format 2 can do that"),
  UPGRADE_RUNNING(409, "An upgrade is running"),
  NO_UPGRADE(409, "No upgrade is running"),
  NOT_PAUSABLE(409, "It cannot be paused or resumed now"),
  PRECHECK_FAILED(409, "A precheck did not pass"),
  REVISION_CHANGED(409, "The upgrade has moved on since you looked"),
  CANCEL_BLOCKED(409, "The cancel is blocked"),
  CANCEL_UNAVAILABLE(409, "The upgrade cannot be canceled now"),
  NOT_REDUNDANT(409, "The other controller cannot take over"),
  PACKAGE_REFUSED(422, "The package is refused"),
  TOO_LARGE(413, "Too large"),
  UNSUPPORTED_MEDIA(415, "Send application/json"),
  TOO_MANY_REQUESTS(429, "Too many at once"),
  NO_SPACE(507, "Not enough space"),
  NO_ACTIVE(503, "No controller is active"),
  CHASSIS_ABSENT(503, "The chassis does not answer"),
  INTERNAL(500, "Something is wrong inside");

  private final int status;
  private final String title;

  ErrorCode(int status, String title) {
    this.status = status;
    this.title = title;
  }

  /** The HTTP status. */
  public int status() {
    return status;
  }

  /** The problem's title. */
  public String title() {
    return title;
  }
}
