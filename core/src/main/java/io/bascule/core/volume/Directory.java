package io.bascule.core.volume;

import java.util.List;

/**
 * A flat directory of files, the only thing a format knows of storage: real files, or a simulator's
 * disk. Names are {@code [a-z0-9][a-z0-9._-]*}, at most 120 characters. Methods throw {@link
 * StoreException}.
 */
public interface Directory {
  /** What an acknowledged write to a file here survives without a sync. */
  enum Survives {
    /** The death of the process, not of the machine. */
    PROCESS_DEATH,
    /** Power loss as well. */
    POWER_LOSS
  }

  Survives writesSurvive();

  /** Creates a new empty file; {@link StoreException.Io} if the name is taken. */
  StoredFile create(String name);

  /** Opens an existing file; {@link StoreException.Io} if there is none. */
  StoredFile open(String name);

  boolean exists(String name);

  /** Names, sorted. */
  List<String> list();

  /**
   * Puts {@code content} under {@code name}, whole or not at all, durably (file and directory
   * synced).
   */
  void replace(String name, byte[] content);

  /** Removes the file if it is there. */
  void delete(String name);

  /** Makes creations and deletions durable. */
  void sync();

  /** Bytes a new file could still take. */
  long freeBytes();
}
