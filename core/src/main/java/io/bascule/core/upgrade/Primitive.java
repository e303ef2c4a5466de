package io.bascule.core.upgrade;

import io.bascule.core.Version;

/**
 * A goal, one of the handful that every release since 1.2.1 interprets. Each is looked at anew
 * whenever the step is carried out; only what does not hold is done. The codes are persisted: never
 * change one.
 */
public sealed interface Primitive {

  /** One of the two boot slots of a controller, as the plan assigned them. */
  enum PlanSlot {
    /** Holds the release the upgrade comes from. */
    OLD,
    /** Holds the release it goes to. */
    NEW
  }

  /** The controller's NEW slot holds {@code release}, verified and complete. */
  record Stage(Who who, Version release) implements Primitive {}

  /**
   * The controller's next boots are from {@code slot}; with {@code fallback}, a failing one goes
   * back to the other.
   */
  record SetSlot(Who who, PlanSlot slot, boolean fallback) implements Primitive {}

  /** The controller's process was started from {@code slot}. */
  record Boot(Who who, PlanSlot slot) implements Primitive {}

  /** The controller is ONLINE on {@code release}, and either active or ready to take over. */
  record WaitOnline(Who who, Version release) implements Primitive {}

  /** The active controller runs {@code release}. */
  record HandOver(Version release) implements Primitive {}

  /** The controller has been ONLINE for so long that its boot counts as good. */
  record WaitStable(Who who) implements Primitive {}

  /** The controller's NEW slot is empty. */
  record DropSlot(Who who) implements Primitive {}

  /** The running slot is good; no boot of this controller falls back from here. */
  record Settle(Who who) implements Primitive {}

  /**
   * A phase of the migration is done; {@link #DROPPED}: there is no format 2 (any more). The phases
   * are carried out by releases that know how, the dropping by every release since 1.2.2.
   */
  record Phase(int number) implements Primitive {
    public static final int DROPPED = 0;
  }

  /** The migration is committed. Carried out by releases that know how. */
  record Commit() implements Primitive {}

  /** Written by a newer release; this one can't do it, and says so. */
  record Unknown(String code) implements Primitive {}
}
