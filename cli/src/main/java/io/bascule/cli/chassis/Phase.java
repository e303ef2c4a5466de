package io.bascule.cli.chassis;

import io.bascule.core.Role;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import io.bascule.platform.ProcessIdentity;
import java.util.Optional;

/** Where a controller stands in its boot life. All times are {@link Moment#runMillis}. */
sealed interface Phase {

  /** An operator cut its power. */
  record Off() implements Phase {}

  /** The whole appliance was stopped; the next chassis gives it power again. */
  record Down() implements Phase {}

  /** The attempts are used up. */
  record Failed() implements Phase {}

  /** The next boot waits a little, because the last ones failed. */
  record Waiting(long dueMillis) implements Phase {}

  /** A process is being started; whether there is one is not known yet. */
  record Launching() implements Phase {}

  /**
   * The process runs and was not ONLINE yet.
   *
   * @param deadlineMillis when it must be ONLINE
   * @param heardMillis its last answer; empty before the first one
   */
  record Booting(
      Running process, long deadlineMillis, Optional<Long> heardMillis, Optional<Said> said)
      implements Phase {}

  /**
   * It has been ONLINE in this boot.
   *
   * @param heardMillis its last answer; in the future for one that has yet to rejoin
   * @param onlineSinceMillis empty while it says RECOVERING
   * @param said empty after an adoption, until it has rejoined
   */
  record Up(
      Running process,
      long heardMillis,
      Optional<Long> onlineSinceMillis,
      boolean stable,
      Optional<Said> said)
      implements Phase {}

  /**
   * It was told to end; nothing else happens until it is gone.
   *
   * @param killAtMillis when it is killed (again)
   */
  record Ending(Running process, Next next, long killAtMillis) implements Phase {}

  /**
   * A process of this controller.
   *
   * @param tag of the plan it was started under: its failure counts only against that one
   */
  record Running(ProcessIdentity identity, Slot slot, String tag) {}

  /** What a controller said of itself last. */
  record Said(Role role, Status status, Version release) {}

  /** What follows the end of a process. */
  sealed interface Next {
    /** Boot again, and count nothing. */
    record Boot(BootCause cause) implements Next {}

    /** The boot failed. */
    record Fail(BootCause cause, String why) implements Next {}

    record PowerOff() implements Next {}

    record GoDown() implements Next {}
  }
}
