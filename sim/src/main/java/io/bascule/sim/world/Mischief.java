package io.bascule.sim.world;

import org.jspecify.annotations.Nullable;

/** What some deliberate defects do that the product's code has no words for. */
public final class Mischief {
  private static @Nullable Appliance present;

  private Mischief() {}

  static void in(Appliance appliance) {
    present = appliance;
  }

  /** Format 1 is removed before anything is recorded. */
  public static void freeFormatOne() {
    var appliance = java.util.Objects.requireNonNull(present);
    var one = appliance.disk().directory(SimEnclosure.V1);
    for (String name : one.list()) {
      one.delete(name);
    }
    one.sync();
  }
}
