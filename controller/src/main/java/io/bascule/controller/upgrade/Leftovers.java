package io.bascule.controller.upgrade;

import io.bascule.core.upgrade.Migration;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.World;
import java.util.Optional;

/**
 * What a release that knows only format 1 does about format 2: drops it, once the record says that
 * it does not count. Owned by the upgrade thread.
 */
public final class Leftovers implements Migration {
  private final FormatTwoRemoval formatTwo;
  private boolean swept;

  public Leftovers(FormatTwoRemoval formatTwo) {
    this.formatTwo = formatTwo;
  }

  @Override
  public void follow(Optional<Upgrade> record) {
    if (record.isPresent() && record.get().row().canceled() && formatTwo.isPresent()) {
      formatTwo.drop();
      swept = false;
    }
    if (!swept) {
      swept = true;
      formatTwo.sweep();
    }
  }

  @Override
  public World.FormatTwo look() {
    return new World.FormatTwo(false, formatTwo.isPresent(), false, 0, 0, Optional.empty());
  }

  @Override
  public Optional<Progress> progress() {
    return Optional.empty();
  }

  @Override
  public void commit() {
    throw new UnsupportedOperationException("this release knows no format to commit to");
  }
}
