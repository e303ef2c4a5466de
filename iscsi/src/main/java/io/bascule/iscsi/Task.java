package io.bascule.iscsi;

import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One SCSI command on its way. Reused: a session keeps those that are done.
 *
 * <p>Owned by whoever holds the connection's lock. While {@link State#SLOW} the pool reads what the
 * command set, and writes only what its work is about; {@code aborted} it sees late or never.
 */
final class Task {
  enum State {
    FREE,
    /** Being looked at right now. */
    STARTING,
    /** Waits for data from the host. */
    RECEIVING,
    /** In the pool, or waiting for a place there. */
    SLOW,
    /** Never to be answered: the target is being drained. */
    HELD
  }

  /** Takes data from the host as it arrives, in order. */
  interface Sink {
    void accept(Nexus nexus, Task task, ByteBuffer segment);
  }

  /** What follows: all data has arrived, or the pool is done. */
  interface Step {
    void run(Nexus nexus, Task task);
  }

  /** What the pool does; it answers how it failed, or null. */
  interface Work {
    @Nullable Sense run(Task task);
  }

  State state = State.FREE;
  boolean aborted;
  TaskManagement.@Nullable Pending management;

  // From the command PDU.
  int itt;
  long lunField;
  int lun;
  boolean immediate;
  boolean readFlag;
  boolean writeFlag;
  int edtl;
  final byte[] cdb = new byte[16];
  long arrivedNanos;

  /** Bytes the command itself would transfer, whatever the initiator expects. */
  long transferBytes;

  // Data from the host.
  int limitBytes;
  int receivedBytes;
  int burstEnd;
  int nextDataSn;
  int ttt;
  int r2tSn;
  boolean dataPending;
  @Nullable Sense failure;

  /** What is told beside the sense code, should the command fail. */
  SenseDetail senseDetail = SenseDetail.NONE;

  /** What an EXTENDED COPY does, of units which may be others than {@link #unit}. */
  @Nullable Copy copy;

  @Nullable Sink sink;
  @Nullable Step finish;
  byte @Nullable [] staged;
  int stagedBytes;
  int reservedBytes;
  byte @Nullable [] partialBlock;
  int partialBytes;
  int writtenBytes;

  // Data to the host.
  int sentBytes;
  int dataInSn;

  // The medium.
  @Nullable LogicalUnit unit;
  @Nullable Volume volume;
  long offsetBytes;
  int lengthBytes;
  boolean fua;
  boolean isRead;
  boolean isWrite;

  // The pool.
  @Nullable Work work;
  @Nullable Step afterwards;
  @Nullable ByteBuffer slowBuffer;
  @Nullable ByteBuffer wholeWrite;

  /** The command at {@code base}; the rest is as {@link #clear} left it. */
  void begin(ByteBuffer in, int base, long nowNanos) {
    clear();
    int flags = Pdu.flags(in, base);
    state = State.STARTING;
    itt = in.getInt(base + Pdu.ITT);
    lunField = in.getLong(base + Pdu.LUN);
    lun = Pdu.lun(in, base);
    immediate = Pdu.immediate(in, base);
    readFlag = (flags & 0x40) != 0;
    writeFlag = (flags & 0x20) != 0;
    int expectedBytes = in.getInt(base + 20);
    edtl = expectedBytes < 0 ? Integer.MAX_VALUE : expectedBytes;
    for (int i = 0; i < 16; i++) {
      cdb[i] = in.get(base + 32 + i);
    }
    arrivedNanos = nowNanos;
    dataPending = writeFlag && (flags & Pdu.FINAL) == 0;
  }

  void clear() {
    state = State.FREE;
    aborted = false;
    management = null;
    transferBytes = 0;
    limitBytes = 0;
    receivedBytes = 0;
    burstEnd = 0;
    nextDataSn = 0;
    ttt = Pdu.NO_TAG;
    r2tSn = 0;
    dataPending = false;
    failure = null;
    senseDetail = SenseDetail.NONE;
    if (copy != null) {
      copy.forget();
      copy = null;
    }
    sink = null;
    finish = null;
    staged = null;
    stagedBytes = 0;
    reservedBytes = 0;
    partialBytes = 0;
    writtenBytes = 0;
    sentBytes = 0;
    dataInSn = 0;
    unit = null;
    volume = null;
    offsetBytes = 0;
    lengthBytes = 0;
    fua = false;
    isRead = false;
    isWrite = false;
    work = null;
    afterwards = null;
    slowBuffer = null;
    wholeWrite = null;
  }

  /** The unit of a command that needs one. */
  LogicalUnit unit() {
    return Objects.requireNonNull(unit);
  }

  /** The volume of a command that needs a medium. */
  Volume volume() {
    return Objects.requireNonNull(volume);
  }

  byte[] staged() {
    return Objects.requireNonNull(staged);
  }

  int cdb8(int at) {
    return cdb[at] & 0xFF;
  }

  int cdb16(int at) {
    return cdb8(at) << 8 | cdb8(at + 1);
  }

  int cdb32(int at) {
    return cdb16(at) << 16 | cdb16(at + 2);
  }

  long cdbUnsigned32(int at) {
    return Integer.toUnsignedLong(cdb32(at));
  }

  long cdb64(int at) {
    return (long) cdb32(at) << 32 | Integer.toUnsignedLong(cdb32(at + 4));
  }

  /** Whether it is for that volume. */
  boolean isFor(UUID volume) {
    LogicalUnit own = unit;
    return own != null && own.uuid.equals(volume);
  }
}
