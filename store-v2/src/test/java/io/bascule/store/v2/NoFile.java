package io.bascule.store.v2;

import io.bascule.core.volume.StoredFile;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.List;

/** A file of which a test needs little: what it does not override is not called. */
abstract class NoFile implements StoredFile {
  @Override
  public void read(long offsetBytes, ByteBuffer destination) {
    throw new UnsupportedOperationException();
  }

  @Override
  public int tryRead(long offsetBytes, ByteBuffer destination) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void sync() {}

  @Override
  public void punch(long offsetBytes, long lengthBytes) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long lengthBytes() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void setLength(long lengthBytes) {}

  @Override
  public long allocatedBytes() {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Volume.Extent> extents(long offsetBytes, long lengthBytes) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
