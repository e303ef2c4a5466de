package io.bascule.controller.upgrade;

import java.util.List;
import java.util.Optional;

/** What the upgrade asks of the I/O side of the active controller. */
public interface HostIo {
  /** Writes acknowledged to hosts by this process. */
  long writesAcknowledged();

  /** p99 of the latency hosts saw in the last ten seconds, in microseconds; empty without I/O. */
  Optional<Long> latencyP99Micros();

  /** Reads every volume's header again and compares it with the catalog; how many were right. */
  int verifyVolumes();

  /** How many volumes there are. */
  int volumes();

  /** What they hold together, in bytes. */
  long allocatedBytes();

  /** Those in which something is wrong, by name. */
  List<String> unsoundVolumes();
}
