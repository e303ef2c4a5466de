package io.bascule.cli.chassis;

import io.bascule.core.Slot;
import io.bascule.core.chassis.ControllerBoot.Failure;
import java.util.Optional;

/**
 * Which slot the next boot takes, and how often it has failed.
 *
 * @param slot of the next boot
 * @param fallback taken after three failures; empty when there is none
 * @param tag of the request that chose the slot
 * @param asked that request, to know it again after a fallback
 * @param attempts failed boots of {@code slot} in a row
 * @param lastFailure the last fallback or exhaustion
 */
record BootPlan(
    Slot slot,
    Optional<Slot> fallback,
    String tag,
    Asked asked,
    int attempts,
    Optional<Failure> lastFailure) {

  /** What SET_SLOT named. */
  record Asked(Slot slot, Optional<Slot> fallback) {}

  /** How a new controller begins. */
  static BootPlan first(Slot slot) {
    return new BootPlan(
        slot, Optional.empty(), "", new Asked(slot, Optional.empty()), 0, Optional.empty());
  }

  /** Whether this is what that request asked for, whatever has become of it since. */
  boolean came(Slot slot, Optional<Slot> fallback, String tag) {
    return this.tag.equals(tag) && asked.equals(new Asked(slot, fallback));
  }

  /** The slot is set anew: counts from zero; another tag forgets the failure of the last one. */
  BootPlan choose(Slot slot, Optional<Slot> fallback, String tag) {
    var kept = this.tag.equals(tag) ? lastFailure : Optional.<Failure>empty();
    return new BootPlan(slot, fallback, tag, new Asked(slot, fallback), 0, kept);
  }

  BootPlan withAttempts(int attempts) {
    return new BootPlan(slot, fallback, tag, asked, attempts, lastFailure);
  }

  BootPlan withoutFallback() {
    return new BootPlan(slot, Optional.empty(), tag, asked, attempts, lastFailure);
  }

  /** All attempts are used up, and there is no other slot. */
  BootPlan exhausted(String cause) {
    return new BootPlan(
        slot, fallback, tag, asked, attempts, Optional.of(new Failure(slot, tag, cause)));
  }

  /** All attempts are used up: back to the other slot, counting from zero. */
  BootPlan fallBack(String cause) {
    return new BootPlan(
        fallback.orElseThrow(),
        Optional.empty(),
        tag,
        asked,
        0,
        Optional.of(new Failure(slot, tag, cause)));
  }
}
