package io.bascule.iscsi;

import java.nio.ByteBuffer;

/**
 * The numbers of a session (RFC 7143, 4.2.2): which commands the host may send, StatSN, and the
 * tags of our own.
 *
 * <p>Owned by whoever holds the connection's lock.
 *
 * <p>Invariants: MaxCmdSN never goes back; each place that {@link #take} takes is given back once,
 * before the PDU that answers its command tells the window.
 */
final class CommandWindow {
  /** Commands a host may have outstanding (MaxCmdSN - ExpCmdSN + 1). */
  static final int SIZE = 128;

  /** Immediate commands outstanding beyond the window. */
  static final int IMMEDIATE_LIMIT = 16;

  private static final System.Logger LOG = System.getLogger(CommandWindow.class.getName());

  private final String initiatorName;
  private int expCmdSn;
  private int statSn;
  private int used;
  private int immediateUsed;
  private int nextTtt = 1;

  CommandWindow(String initiatorName, int expCmdSn) {
    this.initiatorName = initiatorName;
    this.expCmdSn = expCmdSn;
  }

  /** The login's last answer is written; StatSN goes on from there. */
  void start(int nextStatSn) {
    statSn = nextStatSn;
  }

  /**
   * Takes a command's place in the order. False: it is outside the window and to be ignored (RFC
   * 7143, 4.2.2.1). A hole within the window is skipped: on the one connection of a session
   * commands come in order, so nothing can fill it later.
   */
  boolean inOrder(ByteBuffer in, int base) {
    if (Pdu.immediate(in, base)) {
      return true;
    }
    int cmdSn = in.getInt(base + Pdu.CMD_SN);
    int ahead = cmdSn - expCmdSn;
    if (ahead < 0 || ahead >= SIZE - used) {
      LOG.log(
          System.Logger.Level.DEBUG,
          "ignoring a command of {0}: CmdSN {1}, expected {2}, {3} used",
          initiatorName,
          cmdSn,
          expCmdSn,
          used);
      return false;
    }
    expCmdSn = cmdSn + 1;
    return true;
  }

  /** Whether one more immediate command would be too many. */
  boolean immediateFull() {
    return immediateUsed == IMMEDIATE_LIMIT;
  }

  /** A command is outstanding. */
  void take(boolean immediate) {
    if (immediate) {
      immediateUsed++;
    } else {
      used++;
    }
  }

  /** It is answered, or never will be. */
  void giveBack(boolean immediate) {
    if (immediate) {
      immediateUsed--;
    } else {
      used--;
    }
  }

  /** Puts the numbers into a PDU that is no status: StatSN, told, does not move on. */
  void put(ByteBuffer out, int at) {
    put(out, at, statSn);
  }

  /** Puts the numbers into a PDU that is a status. */
  void putStatus(ByteBuffer out, int at) {
    put(out, at, statSn++);
  }

  /** Puts the numbers into a Data-In without status: it has no StatSN. */
  void putWithoutStatus(ByteBuffer out, int at) {
    put(out, at, 0);
  }

  private void put(ByteBuffer out, int at, int stat) {
    out.putInt(at + Pdu.STAT_SN, stat);
    out.putInt(at + Pdu.EXP_CMD_SN, expCmdSn);
    out.putInt(at + Pdu.MAX_CMD_SN, expCmdSn + SIZE - 1 - used);
  }

  /** A target transfer tag, never the one that means "none". */
  int newTtt() {
    int ttt = nextTtt++;
    if (nextTtt == Pdu.NO_TAG) {
      nextTtt = 1;
    }
    return ttt;
  }
}
