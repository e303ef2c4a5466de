package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.volume.Volume;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The format 2 side of one volume for the life of one pool: its marks, the volume in the pool once
 * it is open, and the guard before both.
 */
final class Mirror {
  private final Marks marks;
  private final FormatTwoGuard guard;
  private volatile @Nullable Volume second;

  private final LongConsumer onDamage;

  /**
   * @param onDamage told the offset where a host met damage; the region is marked already
   */
  Mirror(Marks marks, FormatTwoGuard guard, LongConsumer onDamage) {
    this.marks = marks;
    this.guard = guard;
    this.onDamage = onDamage;
  }

  void damaged(long offsetBytes) {
    onDamage.accept(offsetBytes);
  }

  Marks marks() {
    return marks;
  }

  FormatTwoGuard guard() {
    return guard;
  }

  /** The pool is open. Before any mode that uses it. */
  void attach(Volume opened) {
    Check.that(second == null, "volume %s is attached already", opened.uuid());
    second = opened;
  }

  boolean isAttached() {
    return second != null;
  }

  Volume second() {
    return Check.found(second, "the volume in format 2");
  }
}
