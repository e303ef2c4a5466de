package io.bascule.store.v2;

/**
 * Something wrong on disk.
 *
 * @param file in the pool's directory
 * @param offsetBytes in it, -1 if it is the whole file
 */
public record Finding(String file, long offsetBytes, String what) {
  @Override
  public String toString() {
    return offsetBytes < 0 ? file + ": " + what : file + " at " + offsetBytes + ": " + what;
  }
}
