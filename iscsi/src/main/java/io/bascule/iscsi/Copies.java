package io.bascule.iscsi;

import org.jspecify.annotations.Nullable;

/**
 * The copies of one nexus by their list identifiers: those under way, and of each identifier the
 * last one that has ended, of which the host may ask.
 *
 * <p>Owned by whoever holds the connection's lock.
 */
final class Copies {
  private record Entry(Copy copy, Task task) {
    /** Neither under way nor ended: its task is another command's now, or nobody's. */
    boolean aborted() {
      return !copy.ended() && task.copy != copy;
    }
  }

  private final @Nullable Entry[] byId = new @Nullable Entry[CopyList.IDS];

  /** The task's copy. False: another one with its identifier is under way. */
  boolean enter(Copy copy, Task task) {
    if (copy.id == CopyList.NO_ID) {
      return true;
    }
    Copy old = find(copy.id);
    if (old != null && !old.ended()) {
      return false;
    }
    byId[copy.id] = new Entry(copy, task);
    return true;
  }

  /** Null if there is none, or it was aborted. */
  @Nullable Copy find(int id) {
    Entry entry = byId[id];
    return entry == null || entry.aborted() ? null : entry.copy;
  }
}
