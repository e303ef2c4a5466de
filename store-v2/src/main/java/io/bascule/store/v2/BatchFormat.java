package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import java.nio.ByteBuffer;

/**
 * A batch, one group commit: header, records, zeros, table, end. The table repeats the heads of the
 * records, so that one damaged place costs data at most, never the knowledge of what was written.
 */
final class BatchFormat {
  static final String MAGIC_TEXT = "BASC2BAT";
  static final long MAGIC = Preamble.magic(MAGIC_TEXT);
  static final Struct HEADER = new Struct("Batch header");

  static {
    Preamble.declare(HEADER, MAGIC_TEXT);
  }

  static final int SERIAL = HEADER.field(8, "serial of the segment");
  static final int INCARNATION = HEADER.field(8, "incarnation");
  static final int SEQ = HEADER.field(8, "number of the batch, counted over the pool's life");
  static final int DURABLE =
      HEADER.field(8, "every batch up to this number was on stable storage by then");
  static final int BYTES = HEADER.field(4, "bytes of the batch, a multiple of 512");
  static final int PAYLOAD = HEADER.field(4, "bytes of the records and of the zeros behind them");
  static final int RECORDS = HEADER.field(4, "number of records");
  static final int PAYLOAD_CRC =
      HEADER.field(4, "CRC-32C of the records and of the zeros behind them");
  static final int SLOT = HEADER.field(4, "slot of the segment");
  static final int ZEROS = HEADER.field(8, "zeros");
  static final int HEADER_CRC = HEADER.field(4, "CRC-32C of what is before");
  static final int HEADER_BYTES = HEADER.end(80);

  static final String END_TEXT = "BASC2END";
  static final long END_MAGIC = Preamble.magic(END_TEXT);
  static final Struct END = new Struct("Batch end");
  static final int END_MAGIC_AT = END.field(8, "magic `" + END_TEXT + "`");
  static final int END_SERIAL = END.field(8, "serial of the segment");
  static final int END_INCARNATION = END.field(8, "incarnation");
  static final int END_SEQ = END.field(8, "number of the batch");
  static final int END_DURABLE = END.field(8, "as in the header");
  static final int END_BYTES = END.field(4, "bytes of the batch");
  static final int END_TABLE = END.field(4, "bytes of the table before this");
  static final int END_RECORDS = END.field(4, "number of records");
  static final int END_CRC = END.field(4, "CRC-32C of the table and of what is before");
  static final int END_SIZE = END.end(56);

  /** Batches begin at multiples of this, so that the next one is found behind a damaged one. */
  static final int ALIGN_BYTES = 512;

  private BatchFormat() {}

  static int roundUp(int bytes) {
    return bytes + ALIGN_BYTES - 1 & -ALIGN_BYTES;
  }

  /** Puts the table of the records that begin at {@code from} to {@code at}; returns its end. */
  static int putTable(ByteBuffer batch, int from, int records, int at) {
    int end = at;
    int record = from;
    for (int i = 0; i < records; i++) {
      int bytes = LogRecord.entryBytesAt(batch, record);
      batch.put(end, batch, record, bytes);
      end += bytes;
      record += LogRecord.bytesAt(batch, record);
    }
    return end;
  }

  /** Finishes a batch at the start of {@code batch} whose records end at {@code payloadEnd}. */
  static int finish(
      ByteBuffer batch,
      int payloadEnd,
      int records,
      int tableBytes,
      int slot,
      long serial,
      long incarnation,
      long seq,
      long durable,
      Checksum checksum) {
    int bytes = roundUp(payloadEnd + tableBytes + END_SIZE);
    int tableAt = bytes - END_SIZE - tableBytes;
    for (int i = payloadEnd; i < tableAt; i++) {
      batch.put(i, (byte) 0);
    }
    putTable(batch, HEADER_BYTES, records, tableAt);
    int end = bytes - END_SIZE;
    batch.putLong(end + END_MAGIC_AT, END_MAGIC);
    batch.putLong(end + END_SERIAL, serial).putLong(end + END_INCARNATION, incarnation);
    batch.putLong(end + END_SEQ, seq).putLong(end + END_DURABLE, durable);
    batch.putInt(end + END_BYTES, bytes).putInt(end + END_TABLE, tableBytes);
    batch.putInt(end + END_RECORDS, records);
    batch.putInt(end + END_CRC, checksum.of(batch, tableAt, tableBytes + END_CRC));

    Preamble.put(batch, MAGIC);
    batch.putLong(SERIAL, serial).putLong(INCARNATION, incarnation);
    batch.putLong(SEQ, seq).putLong(DURABLE, durable);
    batch.putInt(BYTES, bytes).putInt(PAYLOAD, tableAt - HEADER_BYTES);
    batch.putInt(RECORDS, records);
    batch.putInt(PAYLOAD_CRC, checksum.of(batch, HEADER_BYTES, tableAt - HEADER_BYTES));
    batch.putInt(SLOT, slot).putLong(ZEROS, 0);
    batch.putInt(HEADER_CRC, checksum.of(batch, 0, HEADER_CRC));
    return bytes;
  }

  /** Whether a header of this segment stands whole at {@code at}. */
  static boolean isHeader(ByteBuffer buffer, int at, long serial, Checksum checksum) {
    return at + HEADER_BYTES <= buffer.limit()
        && buffer.getLong(at) == MAGIC
        && buffer.getLong(at + SERIAL) == serial
        && checksum.of(buffer, at, HEADER_CRC) == buffer.getInt(at + HEADER_CRC);
  }

  /** Whether an end of this segment, with its table, stands whole before {@code to}. */
  static boolean isEnd(ByteBuffer buffer, int to, long serial, Checksum checksum) {
    int at = to - END_SIZE;
    if (at < 0
        || to > buffer.limit()
        || buffer.getLong(at) != END_MAGIC
        || buffer.getLong(at + END_SERIAL) != serial) {
      return false;
    }
    int table = buffer.getInt(at + END_TABLE);
    return table >= 0
        && table <= at
        && checksum.of(buffer, at - table, table + END_CRC) == buffer.getInt(at + END_CRC);
  }

  /** One visit for each record of a table: where its entry is, and where in the segment it is. */
  interface TableVisitor {
    void record(ByteBuffer table, int entry, int recordOffset);
  }

  /**
   * Walks a table that passed its checksum.
   *
   * @param firstRecord offset of the batch's first record in the segment
   */
  static void walk(
      ByteBuffer table, int from, int to, int firstRecord, String where, TableVisitor visitor) {
    int at = from;
    int offset = firstRecord;
    while (at < to) {
      LogRecord.checkHead(table, at, to, where);
      int next = at + LogRecord.entryBytesAt(table, at);
      if (next > to) {
        throw new StoreException.Corrupt(where + ": a record does not fit its table");
      }
      visitor.record(table, at, offset);
      offset += LogRecord.bytesAt(table, at);
      at = next;
    }
  }
}
