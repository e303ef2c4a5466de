package io.bascule.core.migration;

/** What is to be done about a step of the machine, in this order. */
public sealed interface Effect {
  /** Serve volumes so from now on. */
  record Serve(Service service) implements Effect {}

  /** Make an empty format 2 in the place of whatever is there, then new marks. */
  record Prepare() implements Effect {}

  /** Find out what format 1 holds, and complete the marks. */
  record Scan() implements Effect {}

  /** Open the format 2 of an earlier process. */
  record Reopen() implements Effect {}

  /** Copy what needs copying, and compare if so wanted, until told otherwise. */
  record Work(boolean compare) implements Effect {}

  /** No more copying and comparing. */
  record Rest() implements Effect {}

  /** Something a person must look at. */
  record Alarm(String code, String text) implements Effect {}

  /** The upgrade is to be paused, with this reason. */
  record AskPause(String code, String reason) implements Effect {}

  /** Record, durably, that format 2 is not valid any more. */
  record RecordLoss(Loss loss) implements Effect {}

  /** Remove everything of format 2. */
  record DropFormatTwo() implements Effect {}

  /** Remove everything of format 1. */
  record FreeFormatOne() implements Effect {}

  /** Sync both formats while hosts write. */
  record SyncBoth() implements Effect {}

  /** Hold writes and sync the rest, in the time there is for it. */
  record Hold() implements Effect {}

  /** Ask the record for the commit. */
  record Decide() implements Effect {}

  /** End this process: only the record can say which format holds the truth. */
  record Stop(String why) implements Effect {}
}
