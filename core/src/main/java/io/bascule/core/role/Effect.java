package io.bascule.core.role;

/** What the controller does because its role asks for it. */
public sealed interface Effect {
  /** Try the lock on the lease, without waiting; answered by LeaseHeld or nothing. */
  record TryLease() implements Effect {}

  /**
   * Ask state.db to serve; answered by Granted, Forbidden or Yielded.
   *
   * @param mayYield the head start of the preferred controller is not over
   */
  record Claim(boolean mayYield) implements Effect {}

  /** Give the lock on the lease back. */
  record ReturnLease() implements Effect {}

  /** Open stores and portals; answered by Serving. */
  record Serve() implements Effect {}

  /** Write the exit's intent, drain, close everything, give the lease up; answered by Closed. */
  record Close(Exit exit, String why) implements Effect {}

  /** End the process, now; nothing of this process may write afterwards. */
  record End(Exit exit, String why) implements Effect {}
}
