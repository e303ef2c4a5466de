package io.bascule.host.initiator;

/**
 * How our host behaves.
 *
 * @param initiatorName its iqn
 * @param recoveryMillis how long a command may stay unanswered, over any number of reconnects,
 *     before it is an I/O error. 60 s: what Linux gives a disk by default is of that order
 * @param connectMillis for one TCP connect
 * @param loginMillis for one login; a target may hold a login while it fails over
 * @param answerMillis for one command on a connection that lives; then it is reconnected
 * @param digests CRC32C over headers and data
 * @param initialR2T whether a write waits for R2T after its immediate data
 * @param immediateData whether a write's first burst travels with the command
 */
public record InitiatorOptions(
    String initiatorName,
    long recoveryMillis,
    int connectMillis,
    int loginMillis,
    long answerMillis,
    boolean digests,
    boolean initialR2T,
    boolean immediateData) {
  public static final String DEFAULT_NAME = "iqn.2026-11.io.bascule:host";

  public static InitiatorOptions defaults() {
    return new InitiatorOptions(DEFAULT_NAME, 60_000, 1_000, 5_000, 30_000, false, true, true);
  }

  public InitiatorOptions withName(String name) {
    return new InitiatorOptions(
        name,
        recoveryMillis,
        connectMillis,
        loginMillis,
        answerMillis,
        digests,
        initialR2T,
        immediateData);
  }

  public InitiatorOptions withRecoveryMillis(long millis) {
    return new InitiatorOptions(
        initiatorName,
        millis,
        connectMillis,
        loginMillis,
        answerMillis,
        digests,
        initialR2T,
        immediateData);
  }

  public InitiatorOptions withDigests(boolean on) {
    return new InitiatorOptions(
        initiatorName,
        recoveryMillis,
        connectMillis,
        loginMillis,
        answerMillis,
        on,
        initialR2T,
        immediateData);
  }

  /** {@code initialR2T} false and {@code immediateData} true is the fast way. */
  public InitiatorOptions withBursts(boolean newInitialR2T, boolean newImmediateData) {
    return new InitiatorOptions(
        initiatorName,
        recoveryMillis,
        connectMillis,
        loginMillis,
        answerMillis,
        digests,
        newInitialR2T,
        newImmediateData);
  }
}
