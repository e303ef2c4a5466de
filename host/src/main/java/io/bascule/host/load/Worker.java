package io.bascule.host.load;

import static io.bascule.host.load.BlockMap.BLOCKS_PER_CHUNK;
import static io.bascule.host.load.BlockMap.CHUNK_BYTES;

import io.bascule.core.Check;
import io.bascule.host.initiator.BlockDevice;
import io.bascule.host.initiator.ScsiCommand;
import io.bascule.host.initiator.ScsiResult;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One session's load over a slice of a volume that nobody else touches.
 *
 * <p>Owned by its own thread, which issues, generates, verifies and keeps the slice's part of the
 * block map. Invariants: of two outstanding commands on one chunk none changes it, so that the
 * allowed versions of a chunk are known when its read is answered; a chunk whose write failed is
 * only read from then on.
 */
final class Worker implements Runnable {
  /** Longest sleep of the loop: bounds how late a request to stop or to verify is seen. */
  private static final long IDLE_MILLIS = 20;

  /** After a failed I/O the next one waits, so that a dead target is not hammered. */
  private static final long AFTER_ERROR_NANOS = 100_000_000L;

  /** Attempts to find a place for an I/O that nobody is using. */
  private static final int PLACE_ATTEMPTS = 8;

  /** How far a read looks for something that was written. */
  private static final int SEARCH_CHUNKS = 1024;

  /** After a pause the rate makes up for at most so much. */
  private static final long MAX_BACKLOG_NANOS = 100_000_000L;

  /** A pass over everything known. Its reads carry {@code sweep}. */
  private static final class Sweep {
    final CompletableFuture<Void> finished = new CompletableFuture<>();
    long next;
    int outstanding;

    Sweep(long next) {
      this.next = next;
    }
  }

  private final LoadOptions options;
  private final String volume;
  private final int writer;
  private final BlockDevice device;
  private final BlockMap map;
  private final long firstChunk;
  private final long endChunk;
  private final BlockPattern pattern;
  private final Windows windows;
  private final SplittableRandom random;
  private final boolean trims;
  private final long nanosPerIo;
  private final BlockingQueue<Operation> done;
  private final ArrayDeque<Operation> free = new ArrayDeque<>();
  private final List<Operation> outstanding = new ArrayList<>();
  private final BitSet knownWrong = new BitSet();
  private final AtomicReference<@Nullable Sweep> requested = new AtomicReference<>();
  private final Stats stats = new Stats();
  private @Nullable Sweep sweep;
  private long sequence;
  private long freshChunk;
  private int writesSinceFlush;
  private long nextIssueNanos;
  private volatile boolean idle;
  private volatile boolean ending;
  private volatile boolean ended;

  Worker(
      LoadOptions options,
      int writer,
      BlockDevice device,
      BlockMap map,
      long firstChunk,
      long endChunk,
      BlockPattern pattern,
      Windows windows,
      long nanosPerIo) {
    this.options = options;
    this.volume = device.session().url().toString();
    this.writer = writer;
    this.device = device;
    this.map = map;
    this.firstChunk = firstChunk;
    this.endChunk = endChunk;
    this.pattern = pattern;
    this.windows = windows;
    this.random = new SplittableRandom(options.seed() * 31 + writer);
    this.trims = device.capacity().thin() && device.capacity().trimmedReadZero();
    this.nanosPerIo = nanosPerIo;
    this.freshChunk = firstChunk;
    this.idle = options.verifyOnly();
    this.done = new ArrayBlockingQueue<>(options.depth());
    for (int i = 0; i < options.depth(); i++) {
      free.add(new Operation(options.maxIoBytes(), done));
    }
  }

  Stats stats() {
    return stats;
  }

  BlockDevice device() {
    return device;
  }

  String volume() {
    return volume;
  }

  void fail(String message) {
    synchronized (stats) {
      stats.error(message);
    }
  }

  /** No new I/O except sweeps. */
  void pause() {
    idle = true;
  }

  /** The thread ends once nothing is outstanding. */
  void end() {
    ending = true;
  }

  /** Reads everything known back; done when the future is. One at a time. */
  CompletableFuture<Void> sweep() {
    Sweep wanted = new Sweep(firstChunk);
    Check.that(requested.compareAndSet(null, wanted), "a verification is already running");
    if (ended) {
      finishSweeps(null); // nobody else will
    }
    return wanted.finished;
  }

  @Override
  public void run() {
    try {
      loop();
      finishSweeps(null);
    } catch (InterruptedException | RuntimeException e) {
      synchronized (stats) {
        stats.error("worker " + writer + " ended: " + e);
      }
      System.getLogger(Worker.class.getName())
          .log(System.Logger.Level.ERROR, "worker " + writer + " of " + volume + " ended", e);
      finishSweeps(e);
    }
  }

  private void finishSweeps(@Nullable Exception cause) {
    idle = true;
    ended = true;
    for (Sweep left : new Sweep[] {sweep, requested.get()}) {
      if (left != null) {
        left.finished.completeExceptionally(
            new IllegalStateException("the load ended before all was verified", cause));
      }
    }
  }

  private void loop() throws InterruptedException {
    nextIssueNanos = System.nanoTime();
    while (!ending || !outstanding.isEmpty()) {
      if (sweep == null) {
        sweep = requested.get();
      }
      boolean issued = false;
      while (!free.isEmpty() && !ending && issue()) {
        issued = true;
      }
      Operation answered = issued ? done.poll() : done.poll(waitMillis(), TimeUnit.MILLISECONDS);
      while (answered != null) {
        complete(answered);
        answered = done.poll();
      }
      endSweepIfDone();
    }
  }

  private long waitMillis() {
    if (free.isEmpty() || nanosPerIo == 0 || idle) {
      return IDLE_MILLIS;
    }
    long untilMillis = (nextIssueNanos - System.nanoTime()) / 1_000_000;
    return Math.clamp(untilMillis, 1, IDLE_MILLIS);
  }

  private void endSweepIfDone() {
    Sweep running = sweep;
    if (running != null && running.next >= endChunk && running.outstanding == 0) {
      sweep = null;
      requested.set(null);
      running.finished.complete(null);
    }
  }

  // ---- issuing ----

  private boolean issue() {
    long now = System.nanoTime();
    if (sweep != null && (idle || random.nextBoolean()) && issueSweep(sweep)) {
      return true;
    }
    if (idle || nextIssueNanos - now > 0) {
      return false;
    }
    int dice = random.nextInt(100);
    boolean issued;
    if (options.flushEvery() > 0 && writesSinceFlush >= options.flushEvery()) {
      issued = issueFlush();
    } else if (dice < options.readPercent()) {
      issued = issueRead() || issueWrite();
    } else if (dice < options.readPercent() + options.trimPercent() && trims) {
      issued = issueTrim();
    } else {
      issued = issueWrite() || issueRead();
    }
    if (issued) {
      nextIssueNanos = Math.max(nextIssueNanos, now - MAX_BACKLOG_NANOS) + nanosPerIo;
    }
    return issued;
  }

  private boolean issueSweep(Sweep running) {
    long chunk = running.next;
    while (chunk < endChunk && map.acknowledged(chunk) == Version.NONE) {
      chunk++;
    }
    running.next = chunk;
    if (chunk == endChunk) {
      return false;
    }
    int count = 1;
    int most = options.maxIoBytes() / CHUNK_BYTES;
    while (count < most
        && chunk + count < endChunk
        && map.acknowledged(chunk + count) != Version.NONE) {
      count++;
    }
    if (isBusy(chunk, count, false)) {
      return false; // it is being written; a moment later it is not
    }
    running.next = chunk + count;
    running.outstanding++;
    read(chunk, count, true);
    return true;
  }

  private boolean issueRead() {
    for (int attempt = 0; attempt < PLACE_ATTEMPTS; attempt++) {
      long chunk = firstChunk + random.nextLong(endChunk - firstChunk);
      long end = Math.min(endChunk, chunk + SEARCH_CHUNKS);
      while (chunk < end && map.acknowledged(chunk) == Version.NONE) {
        chunk++;
      }
      int count = chunk < end ? length(chunk) : 0;
      if (count > 0 && !isBusy(chunk, count, false)) {
        read(chunk, count, false);
        return true;
      }
    }
    return false;
  }

  private void read(long chunk, int count, boolean forSweep) {
    Operation operation = take(Operation.Kind.READ, chunk, count);
    operation.sweep = forSweep;
    send(
        operation,
        ScsiCommand.read16(
            chunk * BLOCKS_PER_CHUNK, operation.buffer, 0, count * BLOCKS_PER_CHUNK));
  }

  private boolean issueWrite() {
    long chunk = placeToChange();
    if (chunk < 0) {
      return false;
    }
    int count = pickedLength;
    long version = Version.write(writer, ++sequence);
    Operation operation = take(Operation.Kind.WRITE, chunk, count);
    operation.version = version;
    long lba = chunk * BLOCKS_PER_CHUNK;
    int blocks = count * BLOCKS_PER_CHUNK;
    for (int i = 0; i < blocks; i++) {
      pattern.fill(operation.buffer, i * BlockPattern.BYTES, lba + i, version);
    }
    map.begin(chunk, count, version);
    writesSinceFlush++;
    boolean fua = random.nextInt(100) < options.fuaPercent();
    send(operation, ScsiCommand.write16(lba, operation.buffer, 0, blocks, fua));
    return true;
  }

  private boolean issueTrim() {
    long chunk = options.overwrites() ? placeToChange() : -1;
    if (chunk < 0) {
      return issueRead();
    }
    int count = pickedLength;
    Operation operation = take(Operation.Kind.TRIM, chunk, count);
    operation.version = Version.trim(writer, ++sequence);
    map.begin(chunk, count, operation.version);
    send(operation, ScsiCommand.unmap(chunk * BLOCKS_PER_CHUNK, count * BLOCKS_PER_CHUNK));
    return true;
  }

  private boolean issueFlush() {
    writesSinceFlush = 0;
    send(take(Operation.Kind.FLUSH, 0, 0), ScsiCommand.synchronizeCache16(0, 0));
    return true;
  }

  private int pickedLength;

  /** Where to write next, with its length in {@link #pickedLength}; -1 if there is no place now. */
  private long placeToChange() {
    if (!options.overwrites()) {
      int count = freshChunk < endChunk ? length(freshChunk) : 0;
      if (count == 0 || isBusy(freshChunk, count, true)) {
        return -1; // a read may reach beyond what was written so far
      }
      pickedLength = count;
      freshChunk += count;
      return freshChunk - count;
    }
    for (int attempt = 0; attempt < PLACE_ATTEMPTS; attempt++) {
      long chunk = firstChunk + random.nextLong(endChunk - firstChunk);
      int count = length(chunk);
      if (!isBusy(chunk, count, true)) {
        pickedLength = count;
        return chunk;
      }
    }
    return -1;
  }

  /** 4 KiB, 8 KiB, ... up to the longest: each as likely as the next. */
  private int length(long chunk) {
    int most = options.maxIoBytes() / CHUNK_BYTES;
    int powers = 32 - Integer.numberOfLeadingZeros(most);
    int count = Math.min(most, 1 << random.nextInt(powers));
    return (int) Math.min(count, endChunk - chunk);
  }

  private boolean isBusy(long chunk, int count, boolean toChange) {
    for (Operation other : outstanding) {
      if ((toChange || other.changes()) && other.overlaps(chunk, count)) {
        return true;
      }
    }
    if (toChange) {
      for (int i = 0; i < count; i++) {
        if (map.pending(chunk + i) != Version.NONE) {
          return true; // a write failed here: either version may be there, for good
        }
      }
    }
    return false;
  }

  private Operation take(Operation.Kind kind, long chunk, int count) {
    Operation operation = free.remove();
    operation.kind = kind;
    operation.chunk = chunk;
    operation.chunks = count;
    operation.sweep = false;
    operation.version = Version.NONE;
    operation.result = null;
    operation.failure = null;
    return operation;
  }

  private void send(Operation operation, ScsiCommand command) {
    for (Operation other : outstanding) {
      Check.that(
          !(operation.changes() || other.changes())
              || !other.overlaps(operation.chunk, operation.chunks),
          "%s of chunk %d while a %s of chunk %d is under way",
          operation.kind,
          operation.chunk,
          other.kind,
          other.chunk);
    }
    outstanding.add(operation);
    operation.issuedNanos = System.nanoTime();
    synchronized (stats) {
      stats.pauses.issued(operation.issuedNanos);
    }
    device.session().submit(command, operation);
  }

  // ---- answers ----

  private void complete(Operation operation) {
    outstanding.remove(operation);
    long latency = operation.answeredNanos - operation.issuedNanos;
    ScsiResult result = operation.result;
    boolean good = result != null && result.good();
    PauseTracker.Gap gap;
    synchronized (stats) {
      gap = stats.pauses.answered(operation.answeredNanos);
      if (good) {
        count(operation, latency);
      } else {
        stats.error(describe(operation));
      }
    }
    windows.answered(gap, latency);
    if (!good) {
      nextIssueNanos = System.nanoTime() + AFTER_ERROR_NANOS;
      operation.buffer = new byte[options.maxIoBytes()]; // the old one may still be on its way
    } else if (operation.changes()) {
      map.acknowledge(operation.chunk, operation.chunks, operation.version);
      long first = (operation.chunk - firstChunk) * BLOCKS_PER_CHUNK;
      knownWrong.clear(
          Math.toIntExact(first),
          Math.toIntExact(first + (long) operation.chunks * BLOCKS_PER_CHUNK));
    } else if (operation.kind == Operation.Kind.READ) {
      verify(operation);
    }
    if (operation.sweep && sweep != null) {
      sweep.outstanding--;
    }
    free.add(operation);
  }

  private void count(Operation operation, long latencyNanos) {
    long micros = Stats.micros(latencyNanos);
    long bytes = (long) operation.chunks * CHUNK_BYTES;
    switch (operation.kind) {
      case READ -> {
        stats.readMicros.recordValue(micros);
        stats.bytesRead += bytes;
      }
      case WRITE -> {
        stats.writeMicros.recordValue(micros);
        stats.bytesWritten += bytes;
        stats.writesAcknowledged++;
      }
      case TRIM -> {
        stats.otherMicros.recordValue(micros);
        stats.trims++;
        stats.writesAcknowledged++;
      }
      case FLUSH -> {
        stats.otherMicros.recordValue(micros);
        stats.flushes++;
      }
    }
  }

  private String describe(Operation operation) {
    Object cause = operation.failure != null ? operation.failure.getMessage() : operation.result;
    return operation.kind
        + " of "
        + operation.chunks * BLOCKS_PER_CHUNK
        + " blocks at "
        + operation.chunk * BLOCKS_PER_CHUNK
        + " on "
        + volume
        + ": "
        + cause;
  }

  private void verify(Operation operation) {
    ScsiResult result = operation.result;
    int received = result == null ? 0 : result.received() / CHUNK_BYTES;
    long verified = 0;
    for (int i = 0; i < operation.chunks; i++) {
      long chunk = operation.chunk + i;
      if (map.acknowledged(chunk) == Version.NONE) {
        continue;
      }
      if (i >= received) {
        report(chunk * BLOCKS_PER_CHUNK, FaultKind.SHORT_READ, "the answer ends before");
        continue;
      }
      verifyChunk(chunk, operation.buffer, i * CHUNK_BYTES);
      verified += BLOCKS_PER_CHUNK;
    }
    synchronized (stats) {
      stats.blocksVerified += verified;
    }
  }

  private void verifyChunk(long chunk, byte[] data, int at) {
    long acknowledged = map.acknowledged(chunk);
    long pending = map.pending(chunk);
    BlockPattern.@Nullable Finding[] findings =
        new BlockPattern.@Nullable Finding[BLOCKS_PER_CHUNK];
    int right = 0;
    for (int i = 0; i < BLOCKS_PER_CHUNK; i++) {
      findings[i] =
          pattern.judge(
              data,
              at + i * BlockPattern.BYTES,
              chunk * BLOCKS_PER_CHUNK + i,
              acknowledged,
              pending);
      right += findings[i] == null ? 1 : 0;
    }
    for (int i = 0; right < BLOCKS_PER_CHUNK && i < BLOCKS_PER_CHUNK; i++) {
      BlockPattern.Finding finding = findings[i];
      if (finding == null) {
        continue;
      }
      boolean old = finding.kind() == FaultKind.STALE || finding.kind() == FaultKind.LOST;
      report(
          chunk * BLOCKS_PER_CHUNK + i,
          old && right > 0 ? FaultKind.TORN : finding.kind(),
          finding.detail());
    }
  }

  /** A wrong block is told once, until it is written again. */
  private void report(long lba, FaultKind kind, String detail) {
    int index = Math.toIntExact(lba - firstChunk * BLOCKS_PER_CHUNK);
    if (knownWrong.get(index)) {
      return;
    }
    knownWrong.set(index);
    synchronized (stats) {
      stats.fault(new Fault(kind, volume, lba, detail));
    }
  }
}
