package io.bascule.core.migration;

/** What happens to a migration. */
public sealed interface Event {
  /**
   * The upgrade's record wants this phase, going or paused; said again and again.
   *
   * @param confirmMillis how long Phase 4 reads from format 2
   */
  record Aim(Phase phase, boolean paused, long confirmMillis, long nowMillis) implements Event {}

  /** This process became active in the middle of a phase; before any host is served. */
  record Opened(Phase phase) implements Event {}

  /** An empty format 2 and marks of everything are made, durably. */
  record Made() implements Event {}

  /** The marks are complete: they say of each region whether format 1 holds anything there. */
  record PreparedNow() implements Event {}

  /**
   * Format 2 is open again.
   *
   * @param copied no region needs copying
   * @param verified both were compared as a whole since all was last marked
   */
  record Reopened(boolean copied, boolean verified) implements Event {}

  /** No region needs copying now. */
  record CopyDone() implements Event {}

  /** Regions need copying again: a write failed in format 1, or a comparison did. */
  record Remarked() implements Event {}

  /** A whole pass of comparing ended without a difference. */
  record PassClean() implements Event {}

  /**
   * Both formats differ where no mark says so. The region is marked.
   *
   * @param found how many of them this volume has had
   */
  record Mismatch(String volume, long offsetBytes, int found) implements Event {}

  /** Format 1 itself cannot be read there, so it cannot be copied or compared. */
  record Unreadable(String volume, long offsetBytes, String detail) implements Event {}

  /** Time passes. */
  record Tick(long nowMillis) implements Event {}

  /** Format 2 failed, in whatever way. Nothing is mirrored any more. */
  record Failed(Loss loss) implements Event {}

  /** That is on record. */
  record LossRecorded() implements Event {}

  /** After a loss: begin again with a new format 2. */
  record Renew() implements Event {}

  /** The upgrade's cancel is on record. */
  record Cancel() implements Event {}

  /** The upgrade's record wants the commit; said again and again. */
  record CommitAsked() implements Event {}

  /** Both formats were synced. */
  record Synced() implements Event {}

  /** Writes are held, and everything acknowledged is on stable storage in both formats. */
  record Held() implements Event {}

  /** That would have taken too long; writes are not held any more. */
  record HoldFailed(String why) implements Event {}

  /** What the record said to the commit. */
  record Decided(Decision decision) implements Event {}

  /** Nothing of format 2 is left. */
  record Dropped() implements Event {}

  /** Nothing of format 1 is left. */
  record Freed() implements Event {}

  /** The record's answer to the commit. */
  enum Decision {
    /** It is recorded. */
    COMMITTED,
    /** The record has something against it, a cancel for one; nothing was changed. */
    REFUSED,
    /** It may be recorded or not. */
    UNKNOWN
  }
}
