package io.bascule.controller.packages;

import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.api.ErrorCode;
import io.bascule.platform.Layout;
import io.bascule.release.ReleasePackage;
import io.bascule.release.SlotReader;
import io.bascule.release.Slots;
import io.bascule.release.TrustStore;
import io.bascule.release.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes this controller's boot slots hold releases: verify, unpack, warm, one slot at a time, on a
 * thread of its own. Every method is a goal that may be asked for again; none blocks longer than
 * {@link #STOP_MAX_MILLIS}.
 *
 * <p>Safe for many threads; {@code work} is guarded by this. The worker alone writes the slot, and
 * never the running one.
 */
public final class SlotStaging {
  private static final System.Logger LOG = System.getLogger(SlotStaging.class.getName());

  /** Callers answer a peer that waits two seconds. */
  private static final long STOP_MAX_MILLIS = 1_500;

  /** Unpacking's part of the percentage; the rest is the warm-up. */
  private static final int UNPACK_PERCENT = 60;

  private final Layout layout;
  private final ControllerId self;
  private final Supplier<Slot> runningSlot;
  private final TrustStore trust;
  private final Path javaHome;
  private final Map<Slot, SlotReader> readers = new EnumMap<>(Slot.class);
  private @Nullable Work work;

  public SlotStaging(
      Layout layout,
      ControllerId self,
      Supplier<Slot> runningSlot,
      TrustStore trust,
      Path javaHome) {
    this.layout = layout;
    this.self = self;
    this.runningSlot = runningSlot;
    this.trust = trust;
    this.javaHome = javaHome;
    for (Slot slot : Slot.values()) {
      readers.put(slot, new SlotReader(layout.slot(self, slot)));
    }
  }

  /**
   * How a staging goes.
   *
   * @param percent 100 exactly when it is done well
   * @param done it has ended, well or with an error
   */
  public record Staging(
      String tag, Version release, Slot slot, int percent, boolean done, Optional<String> error) {}

  /**
   * Begins to make the slot hold the release. Nothing happens if that runs, or has ended well,
   * under this tag; one that failed is tried again. Another staging that runs is stopped.
   *
   * @throws Refusal CONFLICTING_OPERATION if the controller runs from that slot, or the other
   *     staging does not stop in time: ask again
   */
  public synchronized void stage(Version release, Slot slot, String tag) {
    checkNotRunning(slot);
    if (work != null && work.isFor(release, slot, tag) && !work.failed()) {
      return;
    }
    stopWork();
    var next = new Work(release, slot, tag);
    work = next;
    next.thread.start();
  }

  /** How the last staging of this process goes; empty if there was none. */
  public synchronized Optional<Staging> status() {
    return Optional.ofNullable(work).map(Work::status);
  }

  /**
   * Empties the slot; a staging into it is stopped.
   *
   * @throws Refusal CONFLICTING_OPERATION if the controller runs from that slot, or the staging
   *     does not stop in time: ask again
   */
  public synchronized void dropSlot(Slot slot) throws IOException {
    checkNotRunning(slot);
    if (work != null && work.slot == slot) {
      stopWork();
      work = null;
    }
    Slots.drop(layout.slot(self, slot));
  }

  /** The release in each slot, where there is a complete one. */
  public Map<Slot, Version> slots() {
    var slots = new EnumMap<Slot, Version>(Slot.class);
    readers.forEach((slot, reader) -> reader.read().ifPresent(m -> slots.put(slot, m.version())));
    return slots;
  }

  private void checkNotRunning(Slot slot) {
    if (slot == runningSlot.get()) {
      throw new Refusal(
          ErrorCode.CONFLICTING_OPERATION,
          self + " runs from slot " + slot + "; it is not touched");
    }
  }

  private void stopWork() {
    if (work == null) {
      return;
    }
    work.canceled = true;
    boolean ended;
    try {
      ended = work.thread.join(java.time.Duration.ofMillis(STOP_MAX_MILLIS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      ended = false;
    }
    if (!ended) {
      throw new Refusal(
          ErrorCode.CONFLICTING_OPERATION,
          self + " is still stopping the staging of " + work.release + "; ask again");
    }
  }

  /** One staging; its fields are written by its thread, but for {@code canceled}. */
  private final class Work implements Runnable {
    private final Version release;
    private final Slot slot;
    private final String tag;
    private final Thread thread;
    private final long startNanos = System.nanoTime();
    private volatile boolean canceled;
    private volatile Progress progress = new Progress(0, false, Optional.empty());

    private record Progress(int percent, boolean done, Optional<String> error) {}

    Work(Version release, Slot slot, String tag) {
      this.release = release;
      this.slot = slot;
      this.tag = tag;
      this.thread = Thread.ofPlatform().daemon().name("staging-" + release).unstarted(this);
    }

    boolean isFor(Version otherRelease, Slot otherSlot, String otherTag) {
      return release.equals(otherRelease) && slot == otherSlot && tag.equals(otherTag);
    }

    boolean failed() {
      var now = progress;
      return now.done() && now.error().isPresent();
    }

    Staging status() {
      var now = progress;
      return new Staging(tag, release, slot, now.percent(), now.done(), now.error());
    }

    @Override
    public void run() {
      try {
        unpack();
        warm();
        end(Optional.empty());
        LOG.log(
            System.Logger.Level.INFO,
            "{0} slot {1} holds release {2}, staged in {3} ms",
            self,
            slot,
            release,
            TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos));
      } catch (CancellationException e) {
        end(Optional.of("canceled"));
      } catch (Refusal e) {
        end(Optional.of(e.getMessage() == null ? e.code().title() : e.getMessage()));
      } catch (IOException | RuntimeException e) {
        LOG.log(System.Logger.Level.ERROR, "staging release " + release + " failed", e);
        end(Optional.of("release " + release + " cannot be staged: " + e.getMessage()));
      }
    }

    private void unpack() throws IOException {
      Path file = PackageStore.file(layout, release);
      if (Files.notExists(file)) {
        throw new Refusal(
            ErrorCode.NOT_FOUND, "there is no package of release " + release + "; add it first");
      }
      var verdict =
          ReleasePackage.unpack(
              file, trust, layout.slot(self, slot), done -> advance(done * UNPACK_PERCENT / 100));
      switch (verdict) {
        case Verdict.Refused refused ->
            throw new Refusal(ErrorCode.PACKAGE_REFUSED, refused.detail());
        case Verdict.Accepted accepted ->
            Check.that(
                accepted.manifest().version().equals(release),
                "%s holds release %s",
                file,
                accepted.manifest().version());
      }
    }

    private void warm() throws IOException {
      var warmth = Slots.warmGently(layout.slot(self, slot), javaHome, () -> canceled);
      if (canceled) {
        throw new CancellationException();
      }
      if (warmth instanceof Slots.Warmth.Cold cold) {
        LOG.log(
            System.Logger.Level.WARNING,
            "release {0} will start slower: no class data archive, {1}",
            release,
            cold.warning());
      }
    }

    private void advance(int percent) {
      if (canceled) {
        throw new CancellationException();
      }
      progress = new Progress(percent, false, Optional.empty());
    }

    private void end(Optional<String> error) {
      progress = new Progress(error.isEmpty() ? 100 : progress.percent(), true, error);
    }
  }
}
