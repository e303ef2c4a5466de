package io.bascule.core.upgrade;

import java.util.List;
import java.util.Optional;

/**
 * The data migration, as the upgrade sees it. It decides nothing: {@link #follow} is told what the
 * record says, again and again, and sees to it that the work is exactly that; {@link #look} says
 * how far it is. A release that knows only format 1 has one that can drop format 2.
 *
 * <p>Called by the upgrade thread alone, but for {@link #progress}, which anybody may ask. No call
 * blocks longer than a few hundred milliseconds.
 */
public interface Migration {
  /** A part of the work, for display. */
  record Phase(int number, int percent, long bytesDone, long bytesTotal) {}

  /**
   * How the work goes, for display.
   *
   * @param phases all four
   * @param eta until the end of Phase 4; empty before one percent, and while nothing moves
   * @param forecast why it would not end at this rate, if it would not
   */
  record Progress(
      List<Phase> phases,
      long bytesPerSecond,
      Optional<UpgradeProgress.Range> eta,
      Optional<String> forecast) {
    public Progress {
      phases = List.copyOf(phases);
    }
  }

  /**
   * What the record says now; empty when there never was an upgrade. Sees to it that
   *
   * <ul>
   *   <li>the phase of the record's step is being worked on while it is RUNNING, and nothing is
   *       copied while it is PAUSED (mirrored writes stay mirrored);
   *   <li>with {@code canceled}, or {@code v2Invalid}, format 1 serves alone, and format 2 is
   *       dropped; with {@code v2Invalid} and RUNNING it is then made anew;
   *   <li>with {@code committed}, format 2 serves alone, and format 1 is freed in the background.
   * </ul>
   */
  void follow(Optional<Upgrade> record);

  /** How far it is now. */
  World.FormatTwo look();

  /** For display; empty outside of a migration. */
  Optional<Progress> progress();

  /**
   * All that must hold before the commit does. Makes both formats the same and durable, and while
   * no host writes asks the record for it; does not wait for that. Told again and again until the
   * record says {@code committed}, or something else.
   */
  void commit();
}
