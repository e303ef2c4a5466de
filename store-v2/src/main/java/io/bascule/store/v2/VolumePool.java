package io.bascule.store.v2;

import io.bascule.core.Check;
import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.channels.ClosedChannelException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The volumes of format 2 in one directory. Used by the lease holder only. Methods are safe for
 * many threads; those that change which volumes there are, are durable when they return.
 *
 * <p>Invariants: nothing is written before the superblock ends the earlier incarnation; what that
 * one wrote counts as durable only after a sync of this one; once {@link #isSuspect}, nothing is
 * written any more.
 */
public final class VolumePool implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(VolumePool.class.getName());

  /** The largest volume, 1 PiB, as in format 1. */
  static final long SIZE_MAX_BYTES = 1L << 50;

  /** Leaves of deleted volumes that are given back at once, while writers wait. */
  private static final int REAP_LEAVES = 256;

  /** So many records are 2 GiB of what hosts read again and again, and take 3 MiB of memory. */
  private static final int KNOWN_RECORDS = 1 << 16;

  private final PoolSettings settings;
  private final KnownDamage knownDamage = new KnownDamage();
  private final KnownChecksums knownChecksums = new KnownChecksums(KNOWN_RECORDS);
  private final Index index;
  private final Segments segments;
  private final CheckpointFiles files;
  private final Health health = new Health();
  private final Space space;
  private final OpenSegments openSegments;
  private final LogWriter log;
  private final Checkpointer checkpointer;
  private final Keeper keeper;
  private final List<String> findings;
  private final Map<UUID, VolumeV2> open = new HashMap<>();
  private volatile DamageListener damageListener = DamageListener.NONE;
  private boolean closed;
  private volatile boolean left;

  private VolumePool(
      Directory directory, PoolSettings settings, Superblock superblock, Restored restored) {
    this.settings = settings;
    this.index = restored.index;
    this.segments = restored.segments;
    this.files = restored.files;
    this.findings = List.copyOf(restored.findings);
    this.space = new Space(directory, segments, settings);
    long incarnation = superblock.incarnation();
    this.openSegments =
        new OpenSegments(
            segments, health, space, incarnation, restored.durableSeq, restored.unsynced);
    this.log = new LogWriter(index, segments, openSegments, health, incarnation, restored.lastSeq);
    this.checkpointer =
        new Checkpointer(
            directory,
            index,
            segments,
            files,
            openSegments,
            log,
            health,
            superblock,
            restored.groups);
    this.keeper = new Keeper(this);
    if (superblock.suspect()) {
      health.wasSuspect();
    }
    health.onSuspect(checkpointer::markSuspect);
  }

  /** What opening found on disk. */
  private record Restored(
      Index index,
      Segments segments,
      CheckpointFiles files,
      Map<Integer, Page.At> groups,
      List<String> findings,
      long lastSeq,
      long durableSeq,
      List<Segment> unsynced) {}

  /** Whether the directory holds a pool. */
  public static boolean exists(Directory directory) {
    return Superblock.anyIn(directory);
  }

  /** Makes an empty pool; {@link StoreException.Io} if there is one. */
  public static VolumePool create(Directory directory, PoolSettings settings, long epoch) {
    if (exists(directory)) {
      throw new StoreException.Io(
          "there is a pool already", new FileAlreadyExistsException(Superblock.NAMES.getFirst()));
    }
    clear(directory); // of a pool whose destruction did not come to its end
    var pool = UUID.randomUUID();
    var superblock =
        new Superblock(
            pool,
            0,
            epoch,
            1,
            false,
            settings.segmentBytes(),
            0,
            0,
            0,
            0,
            0,
            settings.kernelBoot(),
            List.of());
    var segments = new Segments(directory, pool, settings.segmentBytes());
    var files = new CheckpointFiles(directory, pool);
    var index = new Index(new Leaves(segments, new LeafLoader(files, VolumePool::reportLeaf)));
    var made =
        new VolumePool(
            directory,
            settings,
            superblock,
            new Restored(index, segments, files, Map.of(), List.of(), 0, 0, List.of()));
    try {
      int _ = made.checkpointer.run();
    } catch (RuntimeException e) {
      made.release();
      throw e;
    }
    made.start();
    return made;
  }

  /**
   * Opens a pool.
   *
   * @param epoch of the lease holder; one that is older than the last that opened it is refused
   */
  public static VolumePool open(Directory directory, PoolSettings settings, long epoch) {
    var superblock = Superblock.newest(directory);
    if (epoch < superblock.epoch()) {
      throw new StoreException.Io(
          "the pool was opened in epoch " + superblock.epoch() + ", not to be opened in " + epoch,
          new IllegalStateException("fenced"));
    }
    var segments = new Segments(directory, superblock.pool(), superblock.segmentBytes());
    var files = new CheckpointFiles(directory, superblock.pool());
    var index = new Index(new Leaves(segments, new LeafLoader(files, VolumePool::reportLeaf)));
    try {
      var restore = new Restore(files, index);
      var meta = restore.meta(superblock);
      restore.run(meta);
      var recovery = new Recovery(directory, superblock, settings.kernelBoot(), index, segments);
      recovery.replay(meta);
      var unsynced = recovery.settle();
      var findings = new ArrayList<>(restore.findings());
      findings.addAll(recovery.findings());
      var opened = superblock.opened(epoch, settings.kernelBoot(), recovery.lastSeq());
      findings.forEach(finding -> LOG.log(System.Logger.Level.ERROR, "damaged: " + finding));
      boolean crowded = opened.ends().size() >= Superblock.ENDS_MAX;
      opened.write(directory);
      var pool =
          new VolumePool(
              directory,
              settings,
              opened,
              new Restored(
                  index,
                  segments,
                  files,
                  restore.groups(),
                  findings,
                  recovery.lastSeq(),
                  recovery.durableSeq(),
                  unsynced));
      pool.checkpointer.replayed(recovery.replayedBytes(), recovery.replayedRecords());
      if (crowded && !pool.isSuspect()) {
        pool.checkpoint();
      }
      pool.start();
      return pool;
    } catch (RuntimeException e) {
      segments.close();
      files.close();
      index.leaves.close();
      throw e;
    }
  }

  private static void reportLeaf(StoreException.Corrupt what) {
    LOG.log(
        System.Logger.Level.ERROR, "2 MiB of a volume are unreadable until they are written", what);
  }

  private void start() {
    if (settings.background()) {
      openSegments.start();
      keeper.start();
    }
  }

  /**
   * Removes the pool, which must not be open: as soon as this has begun there is none, and a crash
   * leaves files that {@link #create} clears away.
   */
  public static void destroy(Directory directory) {
    Superblock.NAMES.forEach(directory::delete);
    directory.sync();
    clear(directory);
  }

  private static void clear(Directory directory) {
    for (String name : directory.list()) {
      if (Names.segmentSerial(name).isPresent() || Names.checkpointNumber(name).isPresent()) {
        directory.delete(name);
      }
    }
    directory.sync();
  }

  // Volumes.

  /** Creates a volume of zeros; {@link StoreException.Io} if the uuid is taken. */
  public synchronized void create(UUID uuid, long sizeBytes) {
    checkSize(sizeBytes);
    checkFree(uuid);
    int number = index.nextNumber();
    long now = System.currentTimeMillis();
    log.control(
        (batch, at) -> {
          LogRecord.putHead(
              batch,
              at,
              LogRecord.CREATE,
              UnitCodec.RAW,
              0,
              number,
              number,
              LogRecord.BODY_BYTES,
              0,
              sizeBytes);
          LogRecord.putBody(batch, at + LogRecord.HEAD_BYTES, uuid, now);
        },
        LogRecord.BODY_BYTES);
    flush();
  }

  /** A read-only copy of the volume as it is now; takes no space until the volume changes. */
  public void snapshot(UUID source, UUID snapshot) {
    copy(source, snapshot, false);
  }

  /** A writable volume with the content of a volume or snapshot; shares what does not change. */
  public void clone(UUID source, UUID clone) {
    copy(source, clone, true);
  }

  private synchronized void copy(UUID source, UUID uuid, boolean writable) {
    var entry = existing(source);
    checkFree(uuid);
    int number = index.nextNumber();
    long now = System.currentTimeMillis();
    log.control(
        (batch, at) -> {
          LogRecord.putHead(
              batch,
              at,
              LogRecord.SNAPSHOT,
              UnitCodec.RAW,
              0,
              number,
              entry.family,
              LogRecord.BODY_BYTES,
              entry.number,
              writable ? 1 : 0);
          LogRecord.putBody(batch, at + LogRecord.HEAD_BYTES, uuid, now);
        },
        LogRecord.BODY_BYTES);
    flush();
  }

  /**
   * The volume, not open, gets the content of a snapshot or other volume of its family. A write
   * that was under way when the volume was closed is before that, or fails.
   */
  public void rollback(UUID uuid, UUID snapshot) {
    var entry = existing(uuid);
    // Before our own lock: who holds a range may wait for cleaning, which may need that lock.
    long size = entry.sizeBytes;
    entry.locks.lock(0, size, true);
    try {
      rollbackLocked(uuid, snapshot);
    } finally {
      entry.locks.unlock(0, size, true);
    }
  }

  private synchronized void rollbackLocked(UUID uuid, UUID snapshot) {
    checkNotOpen(uuid);
    var entry = existing(uuid);
    var to = existing(snapshot);
    if (entry.kind == Entry.Kind.SNAPSHOT || to.family != entry.family) {
      throw new StoreException.Io(
          "volume " + uuid + " cannot be rolled back to " + snapshot,
          new IllegalArgumentException("not a snapshot of it"));
    }
    if (to.sizeBytes > entry.sizeBytes) {
      throw new StoreException.Io(
          "snapshot " + snapshot + " is larger than volume " + uuid,
          new IllegalArgumentException("size"));
    }
    control(LogRecord.ROLLBACK, entry, to.number, 0);
  }

  /** Makes the volume larger, open or not; the new part reads zeros. */
  public synchronized void resize(UUID uuid, long newSizeBytes) {
    checkSize(newSizeBytes);
    var entry = existing(uuid);
    if (newSizeBytes < entry.sizeBytes || entry.kind == Entry.Kind.SNAPSHOT) {
      throw new IllegalArgumentException(
          "volume " + uuid + " has " + entry.sizeBytes + " bytes; it cannot be resized so");
    }
    control(LogRecord.RESIZE, entry, 0, newSizeBytes);
  }

  /** Deletes the volume or snapshot, which must not be open; nothing if there is none. */
  public synchronized void delete(UUID uuid) {
    checkNotOpen(uuid);
    var entry = index.find(uuid);
    if (entry != null) {
      control(LogRecord.DELETE, entry, 0, 0);
      keeper.wake();
    }
  }

  private void control(byte op, Entry entry, long lba, long aux) {
    log.control(
        (batch, at) ->
            LogRecord.putHead(
                batch, at, op, UnitCodec.RAW, 0, entry.number, entry.family, 0, lba, aux),
        0);
    flush();
  }

  /** Opens the volume or snapshot, which must not be open already. */
  public synchronized Volume open(UUID uuid) {
    checkNotOpen(uuid);
    var volume = new VolumeV2(this, existing(uuid));
    open.put(uuid, volume);
    return volume;
  }

  synchronized void closed(VolumeV2 volume) {
    open.remove(volume.uuid(), volume);
  }

  /** The volumes and snapshots there are, oldest first. */
  public List<VolumeInfo> list() {
    return index.volumes().stream()
        .sorted(Comparator.comparingInt(entry -> entry.number))
        .map(entry -> VolumeInfo.of(entry, index))
        .toList();
  }

  // The pool as a whole.

  /** Everything acknowledged before is on stable storage when this returns. */
  public void flush() {
    openSegments.sync(log);
  }

  /**
   * {@link StoreException.Corrupt} if a file of the pool was removed. One that is open is read and
   * written as ever, and nothing of it is left once it is closed.
   */
  public void checkFiles() {
    segments.checkFiles();
    files.checkFiles();
  }

  /** Makes a checkpoint now, and frees segments that hold nothing any more. */
  public void checkpoint() {
    while (reap()) {
      // bit by bit, so that writers come between
    }
    int _ = checkpointer.run();
  }

  /** Gives back some space of deleted volumes; true if there is more. */
  boolean reap() {
    boolean[] more = new boolean[1];
    log.exclusively(() -> more[0] = index.reap(REAP_LEAVES));
    return more[0];
  }

  /** Whether a sync failed, now or before the pool was opened: it can be read only. */
  public boolean isSuspect() {
    return health.isSuspect();
  }

  /** A bug of ours in a thread of the pool: better read-only than wrong. */
  void broken(RuntimeException cause) {
    health.markSuspect(new StoreException.Io("the pool cannot be kept in order", cause));
  }

  /** What opening the pool found damaged, each with file and offset. */
  public List<String> findings() {
    return findings;
  }

  /** Who is asked about what cannot be read any more. */
  public void onDamage(DamageListener listener) {
    damageListener = listener;
  }

  KnownDamage knownDamage() {
    return knownDamage;
  }

  /** Scrubbing met a damaged block: it is written anew by who has it, or known from now on. */
  void metByScrubbing(Entry entry, long block, long pointer, String wrong) {
    var finding = finding(entry, block, pointer, wrong);
    if (entry.kind == Entry.Kind.VOLUME
        && damageListener.damaged(entry.uuid, block * UnitCodec.BLOCK_BYTES)) {
      LOG.log(System.Logger.Level.WARNING, "damaged, and written anew: " + finding);
    } else {
      knownDamage.met(finding);
    }
  }

  void metByReading(Entry entry, long block, long pointer, String wrong) {
    if (!damageListener.mendsReads()) {
      knownDamage.met(finding(entry, block, pointer, wrong));
    }
  }

  private Finding finding(Entry entry, long block, long pointer, String wrong) {
    var segment = Pointer.isDamaged(pointer) ? null : segments.get(Pointer.slot(pointer));
    return new Finding(
        segment == null ? "index" : segment.name,
        segment == null ? -1 : Pointer.offsetBytes(pointer),
        Optional.of(entry.uuid),
        "block " + block + " " + wrong);
  }

  /** What scrubbing has done, and what it and reads have found. */
  public ScrubReport scrubReport() {
    return keeper.scrubber().report();
  }

  /** Reads and verifies everything once, as fast as it goes. */
  public ScrubReport scrub() {
    long passes = scrubReport().passes();
    long until = passes + 2; // the rest of the pass that runs, and a whole one
    while (scrubReport().passes() < until) {
      boolean _ = keeper.scrubber().step(64 << 20);
    }
    return scrubReport();
  }

  /** How much there is of what. */
  public PoolSpace space() {
    long garbage = 0;
    for (var segment : segments.list()) {
      if (segment.state == Segment.State.SEALED) {
        long live = Math.min(segments.liveBlocks(segment.slot), segment.totalBlocks);
        garbage +=
            segment.totalBlocks == 0
                ? segment.fileBytes
                : segment.fileBytes * (segment.totalBlocks - live) / segment.totalBlocks;
      }
    }
    long allocated = 0;
    for (var entry : index.volumes()) {
      allocated += entry.mappedBlocks * UnitCodec.BLOCK_BYTES;
    }
    return new PoolSpace(
        space.capacityBytes(),
        segments.usedBytes(),
        space.freeBytes(),
        space.reserveBytes(),
        garbage,
        allocated,
        index.leaves.memoryBytes());
  }

  /**
   * Makes a last checkpoint and closes the files; volumes are closed before. That waits for the
   * disk: who must be quick calls {@link #checkpoint} while hosts are still served, or {@link
   * #abandon}.
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      Check.that(open.isEmpty(), "%d volumes are open", open.size());
    }
    keeper.stop();
    openSegments.stop(true);
    if (!isSuspect()) {
      try {
        int _ = checkpointer.run();
      } catch (StoreException e) {
        LOG.log(System.Logger.Level.WARNING, "no last checkpoint; opening takes longer", e);
      }
    }
    end();
    release();
  }

  /**
   * Stops without putting anything on stable storage, as the death of the process would. Nothing
   * that was acknowledged is lost; opening replays the log behind the last checkpoint. Nobody may
   * use the volumes any more.
   */
  public void abandon() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    keeper.stop();
    end();
    openSegments.stop(false);
    // A write under way comes to its end before anybody opens the pool anew.
    log.exclusively(() -> {});
    release();
  }

  /** Whoever still runs writes nothing any more, not even that the pool is suspect. */
  private void end() {
    left = true;
    health.end("the pool is closed", new ClosedChannelException());
    checkpointer.end();
  }

  /** Whether this process has left the pool. */
  boolean isLeft() {
    return left;
  }

  private void release() {
    segments.close();
    files.close();
    index.leaves.close();
  }

  // For the rest of the room.

  Index index() {
    return index;
  }

  KnownChecksums knownChecksums() {
    return knownChecksums;
  }

  Segments segments() {
    return segments;
  }

  LogWriter log() {
    return log;
  }

  PoolSettings settings() {
    return settings;
  }

  Space spaceLeft() {
    return space;
  }

  Checkpointer checkpointer() {
    return checkpointer;
  }

  /**
   * Waits for cleaning while there is no room for another segment.
   *
   * @return whether there is room now, as far as one can know
   */
  boolean awaitRoom() {
    if (openSegments.isOut() && settings.background()) {
      keeper.awaitRoom();
    }
    return !openSegments.isOut();
  }

  /** Whether cleaning can make no room either. */
  boolean isHopeless() {
    return !settings.background() || keeper.isHopeless();
  }

  boolean isOut() {
    return openSegments.isOut();
  }

  void retryRoom() {
    openSegments.retry();
  }

  /** Cleans until so many bytes were moved; for tests, where the pool has no thread that does. */
  public int clean(long budgetBytes) {
    return keeper.clean(budgetBytes);
  }

  private void checkFree(UUID uuid) {
    if (index.find(uuid) != null) {
      throw new StoreException.Io(
          "volume " + uuid + " exists already", new IllegalStateException("taken"));
    }
  }

  private void checkNotOpen(UUID uuid) {
    Check.that(!open.containsKey(uuid), "volume %s is open", uuid);
  }

  private Entry existing(UUID uuid) {
    return Optional.ofNullable(index.find(uuid))
        .orElseThrow(() ->
            new StoreException.Io(
                "there is no volume " + uuid, new NoSuchFileException(uuid.toString())));
  }

  private static void checkSize(long sizeBytes) {
    if (sizeBytes <= 0 || sizeBytes > SIZE_MAX_BYTES || sizeBytes % Volume.BLOCK_BYTES != 0) {
      throw new IllegalArgumentException(
          "not a volume size: " + sizeBytes + " (a multiple of 512, up to 1 PiB)");
    }
  }
}
