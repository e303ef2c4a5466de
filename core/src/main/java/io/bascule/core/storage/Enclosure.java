package io.bascule.core.storage;

import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.volume.Directory;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * What the storage of a release is given by the controller that is active: the directories both
 * controllers can reach, and the record. Safe for use by many threads.
 */
public interface Enclosure {
  /** Where format 1 lies. */
  Directory formatOne();

  /** Where format 2 lies; made if it is not there. */
  Directory formatTwo();

  /** Whether anything lies where format 2 would. */
  boolean hasFormatTwo();

  /**
   * Takes format 2 out of the way at once, whatever its size; its files are removed in the
   * background. The record says already that it does not count.
   */
  void dropFormatTwo();

  /** The format that counts: 1, or 2 on an appliance that was committed to it or began with it. */
  int format();

  /** The epoch of this controller's time as the active one. */
  long epoch();

  /** The kernel's boot id: another one means that what was only in the page cache is lost. */
  String bootId();

  /** The record as it was when this controller became active. */
  Optional<Upgrade> record();

  /**
   * Notes durably that this controller became active in that phase of that upgrade, without a
   * handover.
   *
   * @return when that happened in this phase since format 2 was begun, this time too
   */
  List<Instant> noteTakeover(String upgradeId, int phase);

  /** The volumes hosts may see, with their sizes in bytes. */
  Map<UUID, Long> volumes();

  /**
   * p99 of the latency hosts saw in the last one to two seconds, in microseconds; empty without
   * I/O.
   */
  Optional<Long> hostLatencyP99Micros();

  /** The same before the upgrade began. */
  Optional<Long> baselineLatencyP99Micros();

  /** What the record said to the commit. */
  enum Decision {
    COMMITTED,
    /** A cancel was first, or something else has to hold first. Nothing was changed. */
    REFUSED,
    /** It may be recorded or not: this process must end. */
    UNKNOWN
  }

  /** Records the commit by compare-and-set, if everything that must hold before it does. */
  Decision recordCommit();

  /** Pauses the upgrade for a person to look; does not wait. */
  void pause(String reason);

  /** Ends this process at once: it does not know any more what holds. */
  void stop(String why);

  /**
   * Records durably that format 2 cannot be used; returns when it is on record. Blocks for as long
   * as the record takes, a few milliseconds.
   */
  void recordLoss(Upgrade.Cause cause);

  /** Tells the administrator; {@code kind} is stable, {@code whatToDo} is one sentence. */
  void alert(String severity, String kind, String message, String whatToDo);

  /** The alert's reason is gone. */
  void clearAlert(String kind);

  /** A line of the event log. */
  void event(String severity, String kind, String message);
}
