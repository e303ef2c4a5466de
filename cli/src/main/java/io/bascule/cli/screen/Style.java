package io.bascule.cli.screen;

/** Colours and weights, as terminals understand them. */
public enum Style {
  PLAIN(""),
  BOLD("1"),
  DIM("2"),
  GREEN("32"),
  YELLOW("33"),
  RED("31"),
  CYAN("36");

  private final String code;

  Style(String code) {
    this.code = code;
  }

  /** The text in this style; the text itself where colours are off. */
  String of(String text, boolean colours) {
    return !colours || code.isEmpty() || text.isEmpty()
        ? text
        : "\u001b[" + code + "m" + text + "\u001b[0m";
  }

  /** The style in which a status, role, state or health is shown everywhere. */
  public static Style ofState(String state) {
    return switch (state) {
      case "ONLINE", "OK", "SOUND", "DONE", "COMPLETED", "AVAILABLE" -> GREEN;
      case "RECOVERING",
          "DEGRADED",
          "SUSPECT",
          "PAUSED",
          "CANCELING",
          "BLOCKED",
          "UNDOING",
          "WARNING" ->
          YELLOW;
      case "FAILED", "CRITICAL", "DAMAGED" -> RED;
      case "OFF", "PENDING", "UNDONE", "IDLE", "UNAVAILABLE", "-" -> DIM;
      case "RUNNING", "ACTIVE", "NO_EFFECT" -> CYAN;
      default -> PLAIN;
    };
  }
}
