package io.bascule.cli.chassis;

import io.bascule.core.Slot;
import io.bascule.platform.ProcessIdentity;

/** What the chassis must do, after it has written the new state down. */
sealed interface BootEffect {
  /** Start a process from the slot; answer with Launched or LaunchFailed. */
  record Launch(Slot slot) implements BootEffect {}

  /** Ask the process to end. */
  record Terminate(ProcessIdentity process) implements BootEffect {}

  /** Cut its power. */
  record Kill(ProcessIdentity process) implements BootEffect {}

  /** A line for the log. */
  record Tell(String line) implements BootEffect {}
}
