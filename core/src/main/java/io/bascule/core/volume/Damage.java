package io.bascule.core.volume;

import java.util.Optional;
import java.util.UUID;

/**
 * Something that a store knows to be damaged on disk.
 *
 * @param volume the volume or snapshot whose block it is; empty if it is of what they share
 * @param what with the place, for a person
 */
public record Damage(Optional<UUID> volume, String what) {
  /** Of what the volumes share. */
  public static Damage shared(String what) {
    return new Damage(Optional.empty(), what);
  }
}
