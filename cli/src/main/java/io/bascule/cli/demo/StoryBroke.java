package io.bascule.cli.demo;

/** Something did not happen as told: the demonstration has failed. */
final class StoryBroke extends Exception {
  private static final long serialVersionUID = 1L;

  StoryBroke(String what) {
    super(what);
  }

  StoryBroke(String what, Throwable cause) {
    super(what, cause);
  }
}
