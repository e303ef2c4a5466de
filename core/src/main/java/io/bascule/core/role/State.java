package io.bascule.core.role;

import java.util.Optional;

/** Where a controller process is between its start and its end. */
public sealed interface State {
  /** The process warms up; it asks for nothing yet. */
  record Starting() implements State {}

  /**
   * Ready to take over: tries the lease.
   *
   * @param headStartUntilMillis until then the preferred controller goes first
   * @param quietUntilMillis no attempt before
   * @param forbidden why the last attempt was given up for good reason; empty otherwise, and once
   *     the other controller was seen to hold the lease
   */
  record Standby(long headStartUntilMillis, long quietUntilMillis, Optional<String> forbidden)
      implements State {}

  /**
   * Holds the lease and asks state.db whether it may serve.
   *
   * @param before what it goes back to if it may not
   */
  record Claiming(Standby before) implements State {}

  /** The epoch is ours; stores and portals are being opened. No way back but the end. */
  record Promoting() implements State {}

  /** Serves hosts. One-way in the life of a process. */
  record Active() implements State {}

  /** Stops serving: drains, closes everything, gives the lease up. */
  record HandingOver(Exit exit, String why) implements State {}

  /** Nothing more happens; the process ends. */
  record Ended(Exit exit, String why) implements State {}
}
