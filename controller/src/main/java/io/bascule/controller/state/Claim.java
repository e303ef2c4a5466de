package io.bascule.controller.state;

import io.bascule.core.ControllerId;
import io.bascule.core.Version;

/**
 * Who wants to become active.
 *
 * @param mayYield the controller is booting and still lets the preferred one go first
 */
public record Claim(
    ControllerId controller, Version release, Migrations migrations, boolean mayYield) {

  /** What a release knows of the migration to format 2. */
  public enum Migrations {
    /** Nothing: it must not serve while one is recorded (1.2.1). */
    UNKNOWN,
    /** It gives format 2 up by taking the lease (1.2.2). */
    CANCELS,
    /** It carries it on, and serves format 2 after the commit (2.0.1). */
    RUNS
  }
}
