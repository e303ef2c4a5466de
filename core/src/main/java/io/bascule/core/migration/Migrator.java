package io.bascule.core.migration;

import io.bascule.core.upgrade.Upgrade.Tuning;
import io.bascule.core.volume.Directory;
import io.bascule.core.volume.Volume;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * Moves the volumes of the active controller from format 1 to format 2, as the upgrade's record
 * wants it. One per active process; a release that can migrate brings a {@link Provider} for {@link
 * java.util.ServiceLoader}.
 *
 * <p>Order: {@link #serve} for every volume, {@link #open}, then hosts; and after that whatever the
 * record says, as often as one likes: all of it is goals. No method waits for a disk but {@link
 * #open}, which reads marks, and {@link #close}.
 */
public interface Migrator extends AutoCloseable {

  /** Found through {@link java.util.ServiceLoader}. */
  interface Provider {
    Migrator create(Surroundings surroundings);
  }

  /**
   * What the migration works with.
   *
   * @param formatTwo where the pool is, or will be
   * @param marks where marks are kept; may be the same directory, and goes with it
   * @param bootId of the kernel
   */
  record Surroundings(
      Directory formatTwo, Directory marks, UUID bootId, Record record, Controller controller) {}

  /** The state row. Called by threads of the migration; may wait for the upgrade's own thread. */
  interface Record {
    /**
     * Sets {@code v2Invalid} and pauses the upgrade with the cause (in Phase 1: fails the step).
     * Durable when it returns. Nothing where the record is canceled, or says so already.
     */
    void lose(Loss loss);

    /**
     * The compare-and-set of {@code committed}: not if the record is canceled, invalid, at another
     * step, or paused. {@link Event.Decision#UNKNOWN} for whatever leaves the answer open.
     */
    Event.Decision commit();
  }

  /** The rest of the controller. Called by threads of the migration; must not wait. */
  interface Controller {
    /** p99 of what hosts felt in the last second or so; empty if they did nothing. */
    OptionalLong hostP99Micros();

    /** The same before the upgrade began. */
    OptionalLong baselineP99Micros();

    /** How many volumes there are, also those that do not open; empty if nobody knows. */
    default OptionalInt volumes() {
      return OptionalInt.empty();
    }

    void alarm(String code, String text);

    /** The upgrade is to be paused. */
    void askPause(String code, String reason);

    /** The commit is recorded: everything of format 1 may go. Called by a thread that may wait. */
    void freeFormatOne();

    /** This process must end, at once. */
    void stop(String why);
  }

  /** The volume that hosts use in the place of that format 1 volume. */
  Volume serve(Volume formatOne);

  /**
   * Every volume is served, and no host yet.
   *
   * @param phase the phase of a record that is neither canceled, committed nor invalid
   */
  void open(Optional<Phase> phase);

  /** The record is in that phase. */
  void aim(Phase phase, boolean paused, Tuning tuning);

  /** The record is at COMMIT, neither paused nor committed. */
  void commit();

  /** The record is canceled, durably. Hosts are served from format 1 alone when this returns. */
  void cancel();

  /** After a loss, the record was resumed: begin again with a new pool. */
  void renew();

  Status status();

  /** Hosts are drained. What was acknowledged stays. */
  @Override
  void close();

  /**
   * How it goes.
   *
   * @param reached the last phase whose end was reached, as of now
   * @param lost why format 2 was given up
   * @param note for a person: why it rests, why there is no estimate
   */
  record Status(
      State state,
      Optional<Phase> reached,
      Optional<Loss> lost,
      List<Progress> phases,
      long bytesPerSecond,
      Optional<Forecast.Range> eta,
      Optional<String> note) {
    public Status {
      phases = List.copyOf(phases);
    }
  }

  /** How far a phase is. */
  record Progress(Phase phase, int percent, long doneBytes, long totalBytes) {}
}
