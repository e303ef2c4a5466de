package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.migration.Service;
import io.bascule.core.volume.LockedVolume;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A volume that hosts use while it moves from format 1 to format 2. Which format an operation reads
 * and writes follows from the {@link Mode} it takes once, as it begins.
 *
 * <p>A write to regions that are copied: exclusive lock, INTENT in the marks, both formats in
 * parallel, acknowledged after both. The lock keeps readers of format 2 away meanwhile, so that
 * they see no version that format 1 does not hold (I2). A write to regions that need copying goes
 * to format 1 alone, under the shared lock that the copier's exclusive one waits for.
 *
 * <p>Flush and FUA go to format 1 alone until the commit: what they promise is kept there (I1), and
 * after a power loss all of format 2 is copied anew. The commit syncs both.
 *
 * <p>Any thread. Until the commit no failure of format 2 leaves a method of this class (I6); a
 * failure of format 1 does, as ever.
 */
final class MirroredVolume implements Volume {
  private static final System.Logger LOG = System.getLogger(MirroredVolume.class.getName());

  /** The longest range locked at once: a host's largest write, and a small part of the locks. */
  static final int PIECE_BYTES = 64 * Regions.BYTES;

  /** Reads of format 2 go through memory of our own: one that stalls must not write later. */
  private static final int READ_BYTES = 256 * 1024;

  private static final int READ_BUFFERS = 8;
  private static final ArrayBlockingQueue<ByteBuffer> BUFFERS =
      new ArrayBlockingQueue<>(READ_BUFFERS);

  private final Volume first;
  private final ModeSwitch modes;
  private final RegionLocks locks = new RegionLocks();
  private volatile @Nullable Mirror mirror;

  private final Consumer<MirroredVolume> onClose;

  /**
   * @param onClose told before the volume is closed
   */
  MirroredVolume(Volume first, ModeSwitch modes, Consumer<MirroredVolume> onClose) {
    this.first = first;
    this.modes = modes;
    this.onClose = onClose;
  }

  /** The format 1 volume. */
  Volume first() {
    return first;
  }

  RegionLocks locks() {
    return locks;
  }

  /** The format 2 side from now on; only while there is none. */
  void mirrorTo(Mirror next) {
    Check.that(mirror == null, "volume %s has a mirror already", uuid());
    Check.that(
        next.marks().regions() == Regions.inVolume(first.sizeBytes()),
        "the marks of volume %s have another size",
        uuid());
    mirror = next;
  }

  /** Nobody mirrors any more. */
  void unmirror() {
    closeMarks();
    mirror = null;
  }

  /** This process ends. */
  void closeMarks() {
    var now = mirror;
    if (now != null) {
      now.marks().close();
    }
  }

  Mirror mirror() {
    return Check.found(mirror, "the mirror of volume " + first.uuid());
  }

  @Override
  public UUID uuid() {
    return first.uuid();
  }

  @Override
  public long sizeBytes() {
    return primary().sizeBytes();
  }

  /** The volume whose properties hosts see: that of format 1 up to the commit (I5). */
  private Volume primary() {
    return modes.present().service() == Service.V2 ? mirror().second() : first;
  }

  // ---- reads

  @Override
  public void read(long offsetBytes, ByteBuffer destination) {
    Mode mode = modes.enterRead();
    try {
      switch (mode.service()) {
        case V1, MARKING, BOTH -> first.read(offsetBytes, destination);
        case READ_V2, HELD -> {
          checkRange(offsetBytes, destination.remaining());
          readSecond(offsetBytes, destination);
        }
        case V2 -> mirror().second().read(offsetBytes, destination);
      }
    } finally {
      mode.endRead();
    }
  }

  private void readSecond(long offsetBytes, ByteBuffer destination) {
    long at = offsetBytes;
    int limit = destination.limit();
    while (destination.position() < limit) {
      int length = Math.min(limit - destination.position(), READ_BYTES);
      destination.limit(destination.position() + length);
      readPiece(at, destination);
      at += length;
      destination.limit(limit);
    }
  }

  /** Under the lock, because a write may be in format 2 already and not yet in format 1. */
  private void readPiece(long offsetBytes, ByteBuffer destination) {
    var mirror = mirror();
    int length = destination.remaining();
    long region = Regions.of(offsetBytes);
    long count = Regions.count(offsetBytes, length);
    try (var held = locks.shared(region, count)) {
      if (mirror.guard().isLost() || mirror.marks().anyNeedsCopy(region, count)) {
        first.read(offsetBytes, destination);
        return;
      }
      ByteBuffer buffer = buffer();
      var sound =
          mirror
              .guard()
              .ask(
                  "reading format 2",
                  () -> readSound(mirror, offsetBytes, buffer.clear().limit(length)));
      if (sound == null) {
        // The buffer is left to whoever is still reading into it.
        first.read(offsetBytes, destination);
        return;
      }
      if (sound) {
        destination.put(buffer.flip());
        giveBack(buffer);
        return;
      }
      giveBack(buffer);
      first.read(offsetBytes, destination);
    }
    repair(mirror, region, count);
  }

  private static boolean readSound(Mirror mirror, long offsetBytes, ByteBuffer buffer) {
    try {
      mirror.second().read(offsetBytes, buffer);
      return true;
    } catch (StoreException.Corrupt e) {
      LOG.log(Level.WARNING, "format 2 is damaged; it is copied again there", e);
      return false;
    }
  }

  /** Scrubbing found damage there in format 2. */
  void damaged(long region) {
    Mode mode = modes.enterRead(); // not a write, which may have to wait for the commit
    try {
      if (ScrubDamage.isMended(mode.service())) {
        repair(mirror(), region, 1);
      }
    } finally {
      mode.endRead();
    }
  }

  /** Damage that format 2 itself has noticed: format 1 is right, and is copied again. */
  private void repair(Mirror mirror, long region, long count) {
    try (var held = locks.exclusive(region, count)) {
      if (mirror.guard().mark("marking damage", () -> mirror.marks().damaged(region, count))) {
        mirror.damaged(region * Regions.BYTES);
      }
    }
  }

  private static ByteBuffer buffer() {
    var pooled = BUFFERS.poll();
    return pooled == null ? ByteBuffer.allocateDirect(READ_BYTES) : pooled;
  }

  private static void giveBack(ByteBuffer buffer) {
    if (!BUFFERS.offer(buffer)) {
      return; // there are enough; the collector frees this one
    }
  }

  @Override
  public int tryRead(long offsetBytes, ByteBuffer destination) {
    Mode mode = modes.enterRead();
    try {
      return switch (mode.service()) {
        case V1, MARKING, BOTH -> first.tryRead(offsetBytes, destination);
        case READ_V2, HELD -> {
          checkRange(offsetBytes, destination.remaining());
          yield tryReadSecond(offsetBytes, destination);
        }
        case V2 -> mirror().second().tryRead(offsetBytes, destination);
      };
    } finally {
      mode.endRead();
    }
  }

  private int tryReadSecond(long offsetBytes, ByteBuffer destination) {
    var mirror = mirror();
    int position = destination.position();
    int limit = destination.limit();
    long region = Regions.of(offsetBytes);
    long count = Regions.count(offsetBytes, limit - position);
    var held = locks.tryShared(region, count);
    if (held == null) {
      return WOULD_BLOCK;
    }
    try (held) {
      if (mirror.guard().isLost() || mirror.marks().anyNeedsCopy(region, count)) {
        return first.tryRead(offsetBytes, destination);
      }
      try {
        // By this thread: it needs no disk, and a thread of the guard would cost more than the
        // read.
        return mirror.second().tryRead(offsetBytes, destination);
      } catch (StoreException.Corrupt e) {
        destination.limit(limit).position(position);
        return WOULD_BLOCK; // the read that may wait meets it too, and sees to it
      } catch (RuntimeException | Error e) {
        mirror.guard().lose("reading format 2 from memory", e);
        destination.limit(limit).position(position);
        return first.tryRead(offsetBytes, destination);
      }
    }
  }

  // ---- writes

  /** One change of a range, to be made alike in each format it goes to. */
  private interface Change {
    /**
     * Must be safe to run for both formats at once.
     *
     * @param from where the part to change begins, inside the range
     */
    void make(Volume volume, long from, long length);
  }

  @Override
  public void write(long offsetBytes, ByteBuffer source, boolean fua) {
    Mode mode = modes.enterWrite();
    try {
      switch (mode.service()) {
        case V1 -> first.write(offsetBytes, source, fua);
        case V2 -> mirror().second().write(offsetBytes, source, fua);
        case MARKING, BOTH, READ_V2 -> {
          checkRange(offsetBytes, source.remaining());
          int position = source.position();
          change(
              mode,
              offsetBytes,
              source.remaining(),
              (volume, from, length) ->
                  volume.write(
                      from,
                      source.slice(position + (int) (from - offsetBytes), (int) length),
                      false));
          source.position(source.limit());
          if (fua) {
            first.flush();
          }
        }
        case HELD -> Check.that(false, "a write was let in while writes are held");
      }
    } finally {
      mode.endWrite();
    }
  }

  @Override
  public void trim(long offsetBytes, long lengthBytes) {
    wipe(offsetBytes, lengthBytes, Volume::trim);
  }

  @Override
  public void zero(long offsetBytes, long lengthBytes) {
    wipe(offsetBytes, lengthBytes, Volume::zero);
  }

  private void wipe(long offsetBytes, long lengthBytes, Change change) {
    Mode mode = modes.enterWrite();
    try {
      switch (mode.service()) {
        case V1 -> change.make(first, offsetBytes, lengthBytes);
        case V2 -> change.make(mirror().second(), offsetBytes, lengthBytes);
        case MARKING, BOTH, READ_V2 -> {
          checkRange(offsetBytes, lengthBytes);
          change(mode, offsetBytes, lengthBytes, change);
        }
        case HELD -> Check.that(false, "a trim was let in while writes are held");
      }
    } finally {
      mode.endWrite();
    }
  }

  private void change(Mode mode, long offsetBytes, long lengthBytes, Change change) {
    long end = offsetBytes + lengthBytes;
    for (long at = offsetBytes; at < end; ) {
      long pieceEnd = Math.min(end, (at / PIECE_BYTES + 1) * PIECE_BYTES);
      changePiece(mode, at, pieceEnd - at, change);
      at = pieceEnd;
    }
  }

  private void changePiece(Mode mode, long offsetBytes, long lengthBytes, Change change) {
    var mirror = mirror();
    long region = Regions.of(offsetBytes);
    long count = Regions.count(offsetBytes, lengthBytes);
    if (mirror.marks().allNeedCopy(region, count)) {
      try (var held = locks.shared(region, count)) {
        // Looked at again: the copier may have come first.
        if (mirror.marks().allNeedCopy(region, count)) {
          change.make(first, offsetBytes, lengthBytes);
          return;
        }
      }
    }
    try (var held = locks.exclusive(region, count)) {
      changeLocked(mode, first, offsetBytes, lengthBytes, change);
    }
  }

  /** The exclusive lock is held. {@code in} is format 1, as far as the caller may use it. */
  private void changeLocked(
      Mode mode, Volume in, long offsetBytes, long lengthBytes, Change change) {
    var mirror = mirror();
    if (mode.service() == Service.MARKING) {
      markNeedsCopy(mirror, Regions.of(offsetBytes), Regions.count(offsetBytes, lengthBytes));
      change.make(in, offsetBytes, lengthBytes);
      return;
    }
    // Runs of regions that are alike: those that need copying get format 1 only.
    long end = offsetBytes + lengthBytes;
    for (long at = offsetBytes; at < end; ) {
      boolean needsCopy = mirror.marks().anyNeedsCopy(Regions.of(at), 1);
      long runEnd = at;
      do {
        runEnd = Math.min(end, (Regions.of(runEnd) + 1) * Regions.BYTES);
      } while (runEnd < end && mirror.marks().anyNeedsCopy(Regions.of(runEnd), 1) == needsCopy);
      if (needsCopy) {
        change.make(in, at, runEnd - at);
      } else {
        changeBoth(mirror, in, at, runEnd - at, change);
      }
      at = runEnd;
    }
  }

  private void changeBoth(Mirror mirror, Volume in, long from, long length, Change change) {
    long region = Regions.of(from);
    long count = Regions.count(from, length);
    var marks = mirror.marks();
    var guard = mirror.guard();
    if (!marks.allMarked(region, count)
        && !guard.mark("marking a write", () -> marks.intent(region, count))) {
      // No mark, but the loss of format 2 is on record: nobody looks at the marks any more (I3).
      change.make(in, from, length);
      return;
    }
    var inSecond =
        guard.begin("writing format 2", () -> change.make(mirror.second(), from, length));
    boolean inFirst = false;
    try {
      change.make(in, from, length);
      inFirst = true;
    } finally {
      boolean inBoth = inSecond.done() && inFirst;
      marks.touch(region, count);
      if (!inBoth) {
        // Format 2 may hold what format 1 does not, or the other way round: format 1 is right.
        guard.mark("marking a failed write", () -> marks.needsCopy(region, count));
      }
    }
  }

  private static void markNeedsCopy(Mirror mirror, long region, long count) {
    var marks = mirror.marks();
    if (!marks.allNeedCopy(region, count)) {
      mirror.guard().mark("marking a write", () -> marks.needsCopy(region, count));
    }
  }

  // ---- the rest

  @Override
  public void flush() {
    Mode mode = modes.enterRead();
    try {
      (mode.service() == Service.V2 ? mirror().second() : first).flush();
    } finally {
      mode.endRead();
    }
  }

  @Override
  public <T> T atomically(long offsetBytes, long lengthBytes, AtomicOperation<T> operation) {
    Mode mode = modes.enterWrite();
    try {
      return switch (mode.service()) {
        case V1 -> first.atomically(offsetBytes, lengthBytes, operation);
        case V2 -> mirror().second().atomically(offsetBytes, lengthBytes, operation);
        case MARKING, BOTH, READ_V2 -> {
          checkRange(offsetBytes, lengthBytes);
          yield atomicallyInBoth(mode, offsetBytes, lengthBytes, operation);
        }
        case HELD -> throw new Check.Missing("the release of a held atomic operation");
      };
    } finally {
      mode.endWrite();
    }
  }

  private <T> T atomicallyInBoth(
      Mode mode, long offsetBytes, long lengthBytes, AtomicOperation<T> operation) {
    long region = Regions.of(offsetBytes);
    long count = Regions.count(offsetBytes, lengthBytes);
    boolean flushDue;
    T result;
    try (var held = locks.exclusive(region, count)) {
      // Through format 1's own operation too: a plain write that began before the migration did
      // knows nothing of our locks.
      var locked = new Locked(mode, offsetBytes, offsetBytes + lengthBytes);
      result =
          first.atomically(
              offsetBytes,
              lengthBytes,
              inFirst -> {
                locked.in = inFirst;
                return operation.run(locked);
              });
      flushDue = locked.flushDue();
    }
    if (flushDue) {
      first.flush(); // only now: a slow disk must not keep others off the range
    }
    return result;
  }

  @Override
  public long allocatedBytes() {
    return primary().allocatedBytes();
  }

  @Override
  public List<Extent> extents(long offsetBytes, long lengthBytes) {
    Mode mode = modes.enterRead();
    try {
      return (mode.service() == Service.V2 ? mirror().second() : first)
          .extents(offsetBytes, lengthBytes);
    } finally {
      mode.endRead();
    }
  }

  /** Closes the volume in the format that counts; up to the commit the pool closes its own. */
  @Override
  public void close() {
    onClose.accept(this);
    primary().close();
  }

  /** The volume as an atomic operation sees it: the range is locked already, the rest is out. */
  private final class Locked extends LockedVolume {
    private final Mode mode;

    /** Format 1 as its own atomic operation shows it. */
    private @Nullable Volume in;

    Locked(Mode mode, long from, long end) {
      super(first, from, end - from);
      this.mode = mode;
    }

    private Volume in() {
      return Check.found(in, "the volume of an atomic operation");
    }

    /** From format 1, which holds everything; the lock keeps it still. */
    @Override
    public void read(long offsetBytes, ByteBuffer destination) {
      in().read(offsetBytes, destination);
    }

    @Override
    public int tryRead(long offsetBytes, ByteBuffer destination) {
      return in().tryRead(offsetBytes, destination);
    }

    @Override
    protected void writeInside(long offsetBytes, ByteBuffer source) {
      int position = source.position();
      changeLocked(
          mode,
          in(),
          offsetBytes,
          source.remaining(),
          (volume, at, length) ->
              volume.write(
                  at, source.slice(position + (int) (at - offsetBytes), (int) length), false));
      source.position(source.limit());
    }

    @Override
    protected void trimInside(long offsetBytes, long lengthBytes) {
      changeLocked(mode, in(), offsetBytes, lengthBytes, Volume::trim);
    }

    @Override
    protected void zeroInside(long offsetBytes, long lengthBytes) {
      changeLocked(mode, in(), offsetBytes, lengthBytes, Volume::zero);
    }
  }
}
