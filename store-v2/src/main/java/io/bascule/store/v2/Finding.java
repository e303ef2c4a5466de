package io.bascule.store.v2;

import java.util.Optional;
import java.util.UUID;

/**
 * Something wrong on disk.
 *
 * @param file in the pool's directory
 * @param offsetBytes in it, -1 if it is the whole file
 * @param volume the volume or snapshot whose block it is; empty if it is of what they share
 */
public record Finding(String file, long offsetBytes, Optional<UUID> volume, String what) {
  /** Of what the volumes share. */
  static Finding shared(String file, long offsetBytes, String what) {
    return new Finding(file, offsetBytes, Optional.empty(), what);
  }

  /** The same without the volume. */
  public String inPlace() {
    return offsetBytes < 0 ? file + ": " + what : file + " at " + offsetBytes + ": " + what;
  }

  @Override
  public String toString() {
    return volume.map(uuid -> "volume " + uuid + ": ").orElse("") + inPlace();
  }
}
