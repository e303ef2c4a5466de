package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.migration.Event;
import io.bascule.core.migration.Event.Decision;
import io.bascule.core.migration.Migrator.Surroundings;
import io.bascule.core.migration.Service;
import io.bascule.core.volume.StoreException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The pieces of a migration's work that take long and happen once: making and opening format 2,
 * proofs, the commit's syncs, removing what is not needed any more. All run on one thread, in
 * order, and tell their end as an event; what belongs to format 2 is done behind its guard, so that
 * thread is never stuck in it.
 */
final class Jobs {
  private static final System.Logger LOG = System.getLogger(Jobs.class.getName());

  /** Writes are held for no longer; what the record takes to answer comes on top. */
  private static final long HOLD_NANOS = TimeUnit.MILLISECONDS.toNanos(150);

  /** Operations on volumes end with their disk, or after the guard's patience. */
  private static final long PAST_NANOS = TimeUnit.SECONDS.toNanos(30);

  private static final int SPAN_REGIONS = 1024;

  private final Surroundings around;
  private final Supplier<FormatTwo> formatTwos;
  private final ModeSwitch modes;
  private final List<MirroredVolume> volumes;
  private final Consumer<Event> events;
  private final Mismatches mismatches;
  private final Executor syncs;
  private final long stallMillis;
  private final ScrubDamage damage;
  private volatile @Nullable Pool pool;

  /** Told of differences and damage, the volume's region being marked already. */
  interface Mismatches {
    void found(MirroredVolume volume, long offsetBytes);
  }

  Jobs(
      Surroundings around,
      Supplier<FormatTwo> formatTwos,
      ModeSwitch modes,
      List<MirroredVolume> volumes,
      Consumer<Event> events,
      Mismatches mismatches,
      Executor syncs,
      long stallMillis) {
    this.around = around;
    this.formatTwos = formatTwos;
    this.modes = modes;
    this.volumes = volumes;
    this.events = events;
    this.mismatches = mismatches;
    this.syncs = syncs;
    this.stallMillis = stallMillis;
    this.damage = new ScrubDamage(modes);
  }

  @Nullable Pool poolOrNull() {
    return pool;
  }

  Pool pool() {
    return Check.found(pool, "the pool of format 2");
  }

  private Pool newPool() {
    var guard =
        new FormatTwoGuard(modes, loss -> events.accept(new Event.Failed(loss)), stallMillis);
    var formatTwo = formatTwos.get();
    formatTwo.onDamage(damage);
    return new Pool(formatTwo, guard);
  }

  private Mirror newMirror(MirroredVolume volume, Marks marks, FormatTwoGuard guard) {
    return new Mirror(marks, guard, offsetBytes -> mismatches.found(volume, offsetBytes));
  }

  private void addPart(Pool made, MirroredVolume volume, Mirror mirror) {
    made.add(
        new Pool.Part(
            volume,
            mirror,
            new Copier(volume, mirror, modes),
            new Comparer(volume, mirror, modes, offset -> mismatches.found(volume, offset)),
            new java.util.concurrent.locks.ReentrantLock()));
  }

  // ---- making

  /** Phase 1, first part: an empty pool with every volume, and marks of everything. */
  void make() {
    modes.begin();
    var made = newPool();
    var guard = made.guard();
    boolean done =
        guard.callLong(
            "making format 2",
            () -> {
              checkAllOpen();
              // The marks first: marks without their pool would be believed.
              deleteMarks();
              made.formatTwo().createEmpty();
              for (var volume : volumes) {
                made.formatTwo().createVolume(volume.uuid(), volume.first().sizeBytes());
                var marks =
                    Marks.create(
                        around.marks(), volume.uuid(), volume.first().sizeBytes(), around.bootId());
                var mirror = newMirror(volume, marks, guard);
                attach(made, volume, mirror);
                addPart(made, volume, mirror);
              }
              made.formatTwo().sync();
              around.marks().sync();
            });
    if (done) {
      made.parts().forEach(part -> part.volume().mirrorTo(part.mirror()));
      pool = made;
      events.accept(new Event.Made());
    } else {
      pool = made; // to be dropped
    }
  }

  private static void attach(Pool in, MirroredVolume volume, Mirror mirror) {
    var second = in.formatTwo().openVolume(volume.uuid());
    Check.that(
        second.uuid().equals(volume.uuid()) && second.sizeBytes() == volume.first().sizeBytes(),
        "volume %s is another in format 2 (%s, %d bytes)",
        volume.uuid(),
        second.uuid(),
        second.sizeBytes());
    mirror.attach(second);
  }

  /** Marks may share their directory with the pool. */
  private void deleteMarks() {
    for (String name : around.marks().list()) {
      if (MarkFile.isName(name)) {
        around.marks().delete(name);
      }
    }
    around.marks().sync();
  }

  /** A volume that does not open cannot be copied, and would be gone with format 1. */
  private void checkAllOpen() {
    int expected = around.controller().volumes().orElse(volumes.size());
    if (volumes.size() != expected) {
      throw new StoreException.Io(
          "only " + volumes.size() + " of " + expected + " volumes are open",
          new IllegalStateException("not open"));
    }
  }

  /** Phase 1, second part: what format 1 does not hold is the same in both. */
  void scan() {
    // A write that was let in before marks were kept knows nothing of locks and marks.
    Check.that(modes.awaitPast(false, PAST_NANOS), "writes from before the migration do not end");
    if (scanAll(pool(), false)) {
      events.accept(new Event.PreparedNow());
    }
  }

  private boolean scanAll(Pool in, boolean secondToo) {
    for (var part : in.parts()) {
      if (!part.mirror().marks().isScanned() && !scan(part, secondToo)) {
        return false;
      }
    }
    return true;
  }

  private static boolean scan(Pool.Part part, boolean secondToo) {
    var volume = part.volume();
    var marks = part.mirror().marks();
    var guard = part.mirror().guard();
    while (!marks.isScanned()) {
      long first = marks.scannedRegions();
      int count = (int) Math.min(SPAN_REGIONS, marks.regions() - first);
      long from = first * Regions.BYTES;
      long length = Regions.end(first + count - 1, volume.first().sizeBytes()) - from;
      var held2 = new BitSet(count);
      // Format 2 does not change here: writes go to format 1 alone where nothing is scanned.
      if (secondToo
          && !guard.call(
              "listing format 2",
              () -> Comparer.add(held2, from, part.mirror().second(), length))) {
        return false;
      }
      volume.first().extents(from, length); // so that a disk is waited for without the lock
      try (var held = volume.locks().exclusive(first, count)) {
        var allocated = (BitSet) held2.clone();
        Comparer.add(allocated, from, volume.first(), length);
        if (!guard.mark("marking what to copy", () -> marks.scanned(count, allocated))) {
          return false;
        }
      }
    }
    return guard.callLong("completing the marks", marks::scanComplete);
  }

  // ---- opening after a takeover

  /** Reads or renews the marks, before any host is served. Format 2 is opened later. */
  void openMarks() {
    modes.begin();
    var opened = newPool();
    for (var volume : volumes) {
      var mirror = newMirror(volume, marksOf(volume), opened.guard());
      volume.mirrorTo(mirror);
    }
    pool = opened;
  }

  private Marks marksOf(MirroredVolume volume) {
    long sizeBytes = volume.first().sizeBytes();
    try {
      return Marks.open(around.marks(), volume.uuid(), sizeBytes, around.bootId());
    } catch (StoreException e) {
      // Nothing known is the same as everything marked.
      LOG.log(Level.WARNING, "the marks of volume " + volume.uuid() + " are made anew", e);
      return Marks.create(around.marks(), volume.uuid(), sizeBytes, around.bootId());
    }
  }

  void reopen() {
    var opened = pool();
    boolean done =
        opened
            .guard()
            .callLong(
                "opening format 2",
                () -> {
                  checkAllOpen();
                  opened.formatTwo().open();
                  for (var volume : volumes) {
                    attach(opened, volume, volume.mirror());
                    addPart(opened, volume, volume.mirror());
                  }
                });
    if (done && scanAll(opened, true)) {
      events.accept(new Event.Reopened(opened.needsCopyBytes() == 0, opened.isVerified()));
    }
  }

  // ---- proofs and commit

  /** Clears INTENT marks that are proven not to matter; how many. */
  long prove() {
    long cleared = 0;
    var proving = pool();
    for (var part : proving.parts()) {
      part.mirror().marks().beginProof();
    }
    if (!syncFirst() || !syncSecond(proving)) {
      return 0;
    }
    for (var part : proving.parts()) {
      cleared += part.mirror().marks().clearProven(part.volume().locks(), proving.guard());
    }
    return cleared;
  }

  private boolean syncFirst() {
    for (var volume : volumes) {
      try {
        volume.first().flush();
      } catch (StoreException e) {
        LOG.log(Level.WARNING, "format 1 of volume " + volume.uuid() + " does not sync", e);
        events.accept(
            new Event.Unreadable(volume.uuid().toString(), 0, String.valueOf(e.getMessage())));
        return false;
      }
    }
    return true;
  }

  private static boolean syncSecond(Pool in) {
    return in.guard().callLong("syncing format 2", in.formatTwo()::sync);
  }

  /** Whether scrubbing found damage that is not marked yet. */
  boolean isDamageFound() {
    return !damage.isEmpty();
  }

  void markDamage() {
    damage.mark(volumes);
  }

  void syncBoth() {
    var in = pool();
    // Format 1 is given away for it: a file that only this process still sees is none.
    if (in.guard().callLong("looking for the files of format 2", in.formatTwo()::checkFiles)
        && syncFirst()
        && syncSecond(in)) {
      events.accept(new Event.Synced());
    }
  }

  /** Holds writes and syncs the rest; lets them go at once if that takes too long. */
  void hold() {
    long deadline = System.nanoTime() + HOLD_NANOS;
    Mode held = modes.hold();
    if (held == null) {
      events.accept(new Event.HoldFailed("writes are not mirrored any more"));
      return;
    }
    String problem = settle(deadline);
    if (problem == null) {
      events.accept(new Event.Held());
    } else {
      modes.release(held);
      events.accept(new Event.HoldFailed(problem));
    }
  }

  /** What is in the way of the commit; null if nothing. */
  private @Nullable String settle(long deadline) {
    var settling = pool();
    if (!modes.awaitPast(false, deadline - System.nanoTime())) {
      return "writes under way do not end";
    }
    var firsts = new ArrayList<CompletableFuture<Void>>();
    for (var volume : volumes) {
      firsts.add(CompletableFuture.runAsync(volume.first()::flush, syncs));
    }
    var second = settling.guard().begin("syncing format 2", settling.formatTwo()::sync);
    for (var first : firsts) {
      if (!endsBy(first, deadline)) {
        return "format 1 takes too long to sync";
      }
    }
    if (!second.doneBy(deadline)) {
      return "format 2 takes too long to sync";
    }
    if (settling.guard().isLost()) {
      return "format 2 is lost";
    }
    return isWhole(settling) ? null : "regions need copying or comparing again";
  }

  private static boolean endsBy(CompletableFuture<Void> sync, long deadline) {
    try {
      sync.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      return true;
    } catch (java.util.concurrent.TimeoutException e) {
      return false;
    } catch (java.util.concurrent.ExecutionException e) {
      LOG.log(Level.WARNING, "format 1 does not sync", e.getCause());
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Nothing is to be copied or compared. Reads of hosts and scrubbing may find damage any time. */
  private boolean isWhole(Pool in) {
    return damage.isEmpty() && in.needsCopyBytes() == 0 && in.isVerified();
  }

  /** The conditions of a commit are looked at once more: from here on there is no way back. */
  void decide() {
    Mode mode = modes.present();
    Decision decision;
    if (mode.service() != Service.HELD || pool().guard().isLost() || !isWhole(pool())) {
      decision = Decision.REFUSED; // a cancel, a loss, or damage that was read, came first
    } else {
      Check.that(modes.awaitPast(false, 0), "commit while writes are under way");
      decision = ask();
    }
    events.accept(new Event.Decided(decision));
  }

  private Decision ask() {
    try {
      return around.record().commit();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "the record did not answer to the commit", e);
      return Decision.UNKNOWN;
    }
  }

  // ---- removing

  /** Removes the pool and its marks, once nobody uses them. */
  void drop() {
    var dropped = pool;
    if (!modes.awaitPast(true, PAST_NANOS)) {
      LOG.log(Level.WARNING, "operations from before do not end; format 2 is removed under them");
    }
    try {
      // Without the guard: it is shut already, and no host waits for this.
      var formatTwo = dropped == null ? formatTwos.get() : dropped.formatTwo();
      if (dropped != null) {
        dropped.guard().close();
        volumes.forEach(MirroredVolume::unmirror);
        pool = null;
      }
      formatTwo.drop();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "something of format 2 stays; the next migration removes it", e);
      around
          .controller()
          .alarm("migration.leftover", "Files of format 2 could not be removed: " + e.getMessage());
    }
    events.accept(new Event.Dropped());
  }

  /** After the commit: format 1 goes once no read of it is under way. */
  void free() {
    if (!modes.awaitPast(true, PAST_NANOS)) {
      LOG.log(Level.WARNING, "reads of format 1 do not end; it is removed under them");
    }
    try {
      volumes.forEach(volume -> volume.first().close());
      around.controller().freeFormatOne();
      deleteMarks();
      events.accept(new Event.Freed());
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "something of format 1 stays; it is removed by the next start", e);
      around
          .controller()
          .alarm("migration.leftover", "Files of format 1 could not be removed: " + e.getMessage());
    }
  }
}
