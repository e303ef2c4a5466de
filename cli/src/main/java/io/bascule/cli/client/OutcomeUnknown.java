package io.bascule.cli.client;

/** A change was sent and the connection broke before the answer: it may have been carried out. */
public final class OutcomeUnknown extends RuntimeException {
  private static final long serialVersionUID = 1L;

  OutcomeUnknown(String why, Throwable cause) {
    super(
        "the connection broke before the answer ("
            + why
            + "); it may have been carried out: look before you repeat it",
        cause);
  }
}
