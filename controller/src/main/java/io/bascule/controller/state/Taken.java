package io.bascule.controller.state;

import io.bascule.core.ControllerId;

/**
 * What became of a {@link Claim}. Unless {@link Granted}, nothing was changed and all is closed.
 */
public sealed interface Taken {
  /**
   * This controller is active.
   *
   * @param canceledMigration taking the lease has given a migration up
   */
  record Granted(StateDb db, boolean canceledMigration) implements Taken {}

  /** This release must not serve; {@code reason} is for a person. */
  record Forbidden(String reason) implements Taken {}

  /** The other controller is to be active and gets its head start. */
  record Yielded(ControllerId preferred) implements Taken {}
}
