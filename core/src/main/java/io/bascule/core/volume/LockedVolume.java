package io.bascule.core.volume;

import io.bascule.core.Check;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;

/**
 * What an {@link Volume.AtomicOperation} is given: it reads the whole volume and changes only the
 * range that is locked for it. Used by one thread, for as long as the operation runs; the locks are
 * the maker's. A write with FUA is not synced inside: the maker does that afterwards, without the
 * locks, if {@link #flushDue} says so.
 */
public abstract class LockedVolume implements Volume {
  private final Volume whole;
  private final long from;
  private final long end;
  private boolean flushDue;

  /** {@code whole} is the volume itself, in which that range is locked. */
  protected LockedVolume(Volume whole, long offsetBytes, long lengthBytes) {
    this.whole = whole;
    this.from = offsetBytes;
    this.end = offsetBytes + lengthBytes;
  }

  /** Writes a range that was checked. */
  protected abstract void writeInside(long offsetBytes, ByteBuffer source);

  /** Trims a range that was checked. */
  protected abstract void trimInside(long offsetBytes, long lengthBytes);

  /** Makes a range that was checked read zeros. */
  protected void zeroInside(long offsetBytes, long lengthBytes) {
    trimInside(offsetBytes, lengthBytes);
  }

  /**
   * Whether something was written that has to be on stable storage before the operation is done.
   */
  public final boolean flushDue() {
    return flushDue;
  }

  @Override
  public final UUID uuid() {
    return whole.uuid();
  }

  @Override
  public final long sizeBytes() {
    return whole.sizeBytes();
  }

  @Override
  public void read(long offsetBytes, ByteBuffer destination) {
    whole.read(offsetBytes, destination);
  }

  @Override
  public int tryRead(long offsetBytes, ByteBuffer destination) {
    return whole.tryRead(offsetBytes, destination);
  }

  @Override
  public final void write(long offsetBytes, ByteBuffer source, boolean fua) {
    checkInside(offsetBytes, source.remaining());
    writeInside(offsetBytes, source);
    flushDue |= fua;
  }

  @Override
  public final void trim(long offsetBytes, long lengthBytes) {
    checkInside(offsetBytes, lengthBytes);
    trimInside(offsetBytes, lengthBytes);
  }

  @Override
  public final void zero(long offsetBytes, long lengthBytes) {
    checkInside(offsetBytes, lengthBytes);
    zeroInside(offsetBytes, lengthBytes);
  }

  @Override
  public final void flush() {
    whole.flush();
  }

  @Override
  public final <T> T atomically(long offsetBytes, long lengthBytes, AtomicOperation<T> operation) {
    checkInside(offsetBytes, lengthBytes);
    return operation.run(this);
  }

  @Override
  public final long allocatedBytes() {
    return whole.allocatedBytes();
  }

  @Override
  public final List<Extent> extents(long offsetBytes, long lengthBytes) {
    return whole.extents(offsetBytes, lengthBytes);
  }

  @Override
  public final void close() {
    throw new IllegalStateException("an atomic operation does not close its volume");
  }

  private void checkInside(long offsetBytes, long lengthBytes) {
    whole.checkRange(offsetBytes, lengthBytes);
    Check.that(
        offsetBytes >= from && offsetBytes + lengthBytes <= end,
        "an atomic operation on [%d, %d) changes %d bytes at %d",
        from,
        end,
        lengthBytes,
        offsetBytes);
  }
}
