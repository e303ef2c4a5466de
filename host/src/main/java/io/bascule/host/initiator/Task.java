package io.bascule.host.initiator;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A command on its way: what was asked, and how far this attempt has come. Guarded by the session's
 * lock. Makes and checks the PDUs of one task; free of I/O.
 */
final class Task {
  final ScsiCommand command;
  final Completion completion;

  /** Order of submission: commands are issued again in it. */
  final long order;

  final long deadlineNanos;
  int tag;
  long sentNanos;
  long notBeforeNanos;
  int attempts;

  /** How it was answered, as soon as it is. */
  @Nullable ScsiResult result;

  private int received;
  private int nextDataSn;

  Task(ScsiCommand command, Completion completion, long order, long deadlineNanos) {
    this.command = command;
    this.completion = completion;
    this.order = order;
    this.deadlineNanos = deadlineNanos;
  }

  /** Begins an attempt: the command, its immediate data and its unsolicited data. */
  List<OutPdu> begin(int newTag, int cmdSn, long lun, Negotiated negotiated, long nowNanos) {
    tag = newTag;
    sentNanos = nowNanos;
    attempts++;
    received = 0;
    nextDataSn = 0;
    int length = command.length();
    boolean writes = command.writes();
    int immediate =
        writes && negotiated.immediateData()
            ? Math.min(
                length, Math.min(negotiated.firstBurstBytes(), negotiated.sendSegmentBytes()))
            : 0;
    int unsolicitedEnd =
        writes && !negotiated.initialR2T()
            ? Math.min(length, negotiated.firstBurstBytes())
            : immediate;
    boolean more = unsolicitedEnd > immediate;
    int flags = (more ? 0 : 0x80) | (writes ? 0x20 : command.reads() ? 0x40 : 0) | 1; // SIMPLE
    ByteBuffer header = OutPdu.header(Opcode.SCSI_COMMAND, flags);
    header.putLong(8, lun).putInt(16, tag).putInt(20, length).putInt(24, cmdSn);
    header.put(32, command.cdb());
    List<OutPdu> pdus = new ArrayList<>(1);
    pdus.add(new OutPdu(header, command.buffer(), command.offset(), immediate));
    if (more) {
      dataOut(pdus, lun, Pdu.NO_TAG, immediate, unsolicitedEnd, negotiated.sendSegmentBytes());
    }
    return pdus;
  }

  /** The answer to an R2T. */
  List<OutPdu> dataFor(Pdu r2t, long lun, Negotiated negotiated) throws ProtocolException {
    long offset = r2t.intAt(40) & 0xffff_ffffL;
    long desired = r2t.intAt(44) & 0xffff_ffffL;
    if (!command.writes()
        || desired == 0
        || desired > negotiated.maxBurstBytes()
        || offset + desired > command.length()) {
      throw new ProtocolException(
          "R2T for " + desired + " bytes at " + offset + " of " + command.length());
    }
    List<OutPdu> pdus = new ArrayList<>();
    dataOut(
        pdus,
        lun,
        r2t.targetTag(),
        (int) offset,
        (int) (offset + desired),
        negotiated.sendSegmentBytes());
    return pdus;
  }

  private void dataOut(
      List<OutPdu> pdus, long lun, int targetTag, int start, int end, int segmentBytes) {
    int dataSn = 0;
    for (int at = start; at < end; ) {
      int bytes = Math.min(segmentBytes, end - at);
      ByteBuffer header = OutPdu.header(Opcode.DATA_OUT, at + bytes == end ? 0x80 : 0);
      header.putLong(8, lun).putInt(16, tag).putInt(20, targetTag);
      header.putInt(36, dataSn++).putInt(40, at);
      pdus.add(new OutPdu(header, command.buffer(), command.offset() + at, bytes));
      at += bytes;
    }
  }

  /** Takes the data of a Data-In PDU; they come in order (DataPDUInOrder, DataSequenceInOrder). */
  void take(Pdu dataIn) throws ProtocolException {
    int bytes = dataIn.data().remaining();
    if (dataIn.intAt(36) != nextDataSn || dataIn.intAt(40) != received) {
      throw new ProtocolException(
          "Data-In "
              + dataIn.intAt(36)
              + " at "
              + dataIn.intAt(40)
              + " where "
              + nextDataSn
              + " at "
              + received
              + " was due");
    }
    if (!command.reads() || received + bytes > command.length()) {
      throw new ProtocolException(
          "more data than the " + command.length() + " bytes " + command.name() + " asked for");
    }
    dataIn.data().duplicate().get(command.buffer(), command.offset() + received, bytes);
    nextDataSn++;
    received += bytes;
  }

  int received() {
    return received;
  }

  /** Sense data of a SCSI Response: two bytes of length, then the data (RFC 7143, 11.4.7). */
  static byte[] senseOf(Pdu response) {
    ByteBuffer data = response.data().duplicate();
    if (data.remaining() < 2) {
      return new byte[0];
    }
    byte[] sense = new byte[Math.min(data.getShort() & 0xffff, data.remaining())];
    data.get(sense);
    return sense;
  }
}
