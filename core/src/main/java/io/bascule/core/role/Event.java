package io.bascule.core.role;

/** What happens to a controller's role. */
public sealed interface Event {
  /** The process is ready to work. */
  record Warmed(long nowMillis) implements Event {}

  /** Time passes. */
  record Tick(long nowMillis) implements Event {}

  /** The lock on the lease is ours. */
  record LeaseHeld(long nowMillis) implements Event {}

  /** The lock on the lease is the other controller's. */
  record LeaseTaken(long nowMillis) implements Event {}

  /** state.db counted an epoch for us. */
  record Granted() implements Event {}

  /** state.db says that this release must not serve. */
  record Forbidden(long nowMillis, String reason) implements Event {}

  /** state.db prefers the other controller, which still has its head start. */
  record Yielded(long nowMillis) implements Event {}

  /** Stores and portals are open. */
  record Serving() implements Event {}

  /** The process is to end that way. */
  record Leave(Exit exit, String why) implements Event {}

  /** Everything is closed and the lease given up. */
  record Closed() implements Event {}

  /** An invariant does not hold, or something indispensable failed. */
  record Broken(String why) implements Event {}
}
