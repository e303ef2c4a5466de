package io.bascule.iscsi;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The current values of a unit's mode pages, the same for all nexuses. Safe for use by many
 * threads.
 *
 * <p>They are kept in memory only, which {@link Modes} says by refusing to save them: the defaults
 * are back after a reset, and after a handover, of which hosts learn by the unit attention of their
 * new nexus.
 */
final class UnitModes {
  /** In the order of {@link ModePage#PAGES}; an array is never changed. */
  private volatile List<byte[]> values = defaults();

  private static List<byte[]> defaults() {
    return ModePage.PAGES.stream().map(ModePage::values).toList();
  }

  /** What follows the header of that page now. Not to be changed. */
  byte[] of(ModePage page) {
    return values.get(ModePage.PAGES.indexOf(page));
  }

  /**
   * Takes over all of the changes at once.
   *
   * @return whether any value is another one now
   */
  synchronized boolean change(List<ModePage.Change> changes) {
    List<byte[]> next = new ArrayList<>(values);
    boolean changed = false;
    for (ModePage.Change change : changes) {
      int index = ModePage.PAGES.indexOf(change.page());
      changed |= !Arrays.equals(next.get(index), change.values());
      next.set(index, change.values());
    }
    values = List.copyOf(next);
    return changed;
  }

  synchronized void reset() {
    values = defaults();
  }

  /** D_SENSE: sense data in descriptor format. */
  boolean descriptorSense() {
    return ModePage.descriptorSense(values.get(ModePage.CONTROL_INDEX));
  }

  /** SWP: nothing may change what is on the medium. */
  boolean writeProtected() {
    return ModePage.writeProtected(values.get(ModePage.CONTROL_INDEX));
  }
}
