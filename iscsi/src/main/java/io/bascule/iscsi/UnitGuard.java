package io.bascule.iscsi;

import io.bascule.core.volume.StoreException;
import io.bascule.iscsi.Reservations.Outcome;
import io.bascule.iscsi.TargetCore.NexusName;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * The reservations of one volume, through whichever unit it is reached. Safe for use by many
 * threads; changes may wait for a disk and belong into the pool.
 *
 * <p>Invariants: what is kept is at least as new as what commands are judged by; registrations
 * change only under {@link #changing}, and only while RESERVE (6) holds nothing, which it begins to
 * do only under that lock, too; {@link #now} is set only under {@link #publishing}. So what {@link
 * #release} and {@link #reset} do without it is never lost.
 */
final class UnitGuard {
  private final UUID volume;
  private final ReentrantLock changing = new ReentrantLock();
  private final ReentrantLock publishing = new ReentrantLock();
  private volatile Reservations now;

  UnitGuard(UUID volume, Reservations now) {
    this.volume = volume;
    this.now = now;
  }

  /** What they are at this moment. */
  Reservations now() {
    return now;
  }

  /** Whether a reservation keeps this command of that nexus out. */
  boolean conflicts(Command command, byte[] cdb, NexusName by) {
    Reservations state = now;
    return !state.open && state.conflicts(command.access().of(cdb), by);
  }

  /** Whether one keeps that nexus from doing this to the unit on the way of another command. */
  boolean conflicts(CommandAccess access, NexusName by) {
    Reservations state = now;
    return !state.open && state.conflicts(access, by);
  }

  /**
   * Does what a PERSISTENT RESERVE OUT asks for: durable first, then {@code visible} is called with
   * what others are to be told of.
   *
   * @throws StoreException if it cannot be kept; then nothing has changed
   */
  Outcome change(
      ReservationStore store, NexusName by, ReserveOut request, Consumer<Outcome.Done> visible) {
    changing.lock();
    try {
      Reservations before = now;
      Outcome outcome = before.apply(by, request);
      if (outcome instanceof Outcome.Done done && done.after() != before) {
        store.save(volume, ReservationCodec.encode(store.power(), done.after()));
        publish(_ -> done.after());
        visible.accept(done);
      }
      return outcome;
    } finally {
      changing.unlock();
    }
  }

  /** RESERVE (6). It ends with the nexus, so nothing of it is kept. */
  Outcome reserve(NexusName by) {
    changing.lock();
    try {
      Outcome outcome = now.reserveUnit(by);
      if (outcome instanceof Outcome.Done done) {
        publish(_ -> done.after());
      }
      return outcome;
    } finally {
      changing.unlock();
    }
  }

  /** RELEASE (6). */
  Outcome release(NexusName by) {
    Outcome outcome = now.releaseUnit(by);
    nexusLost(by);
    return outcome;
  }

  /** Ends what RESERVE (6) holds for this nexus. */
  void nexusLost(NexusName name) {
    publish(state -> state.withoutUnitHolder(name));
  }

  /** Ends what RESERVE (6) holds. */
  void reset() {
    publish(Reservations::withoutUnitHolder);
  }

  /** Another store is used from now on: what it holds is what they are. */
  void recall(Reservations kept) {
    changing.lock();
    try {
      publish(_ -> kept);
    } finally {
      changing.unlock();
    }
  }

  private void publish(UnaryOperator<Reservations> next) {
    publishing.lock();
    try {
      now = next.apply(now);
    } finally {
      publishing.unlock();
    }
  }
}
