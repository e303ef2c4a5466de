package io.bascule.host.initiator;

import java.io.IOException;

/**
 * Told once how a command ended, on a thread of the session: be quick, never block. {@code nanos}
 * are {@link System#nanoTime()} as the answer was read.
 */
public interface Completion {
  void answered(ScsiResult result, long nanos);

  /** No answer within the recovery time, or the session was closed. It may have taken effect. */
  void failed(IOException cause, long nanos);
}
