package io.bascule.host.initiator;

/** Counts what a session went through. Guarded by the session's lock. */
final class Tally {
  private SessionStats total = SessionStats.NONE;

  void reconnected() {
    total = total.plus(new SessionStats(1, 0, 0, 0, 0));
  }

  void reissued(int commands) {
    total = total.plus(new SessionStats(0, commands, 0, 0, 0));
  }

  void retried(boolean unitAttention) {
    total = total.plus(new SessionStats(0, 0, 1, unitAttention ? 1 : 0, 0));
  }

  void askedToLogOut() {
    total = total.plus(new SessionStats(0, 0, 0, 0, 1));
  }

  SessionStats total() {
    return total;
  }
}
