package io.bascule.controller.runtime;

import io.bascule.controller.link.StagingFrames;
import io.bascule.controller.packages.SlotStaging;
import io.bascule.controller.upgrade.Fleet;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/** This controller's own slots. */
record StagingSlots(SlotStaging slotStaging) implements StagingFrames.OwnSlots {
  @Override
  public void stage(Version release, Slot slot, String tag) {
    slotStaging.stage(release, slot, tag);
  }

  @Override
  public Optional<Fleet.Staging> staging() {
    return slotStaging
        .status()
        .map(s ->
            new Fleet.Staging(s.tag(), s.release(), s.slot(), s.percent(), s.done(), s.error()));
  }

  @Override
  public void dropSlot(Slot slot) throws IOException {
    slotStaging.dropSlot(slot);
  }

  @Override
  public Map<Slot, Version> slots() {
    return slotStaging.slots();
  }
}
