package io.bascule.iscsi;

import java.util.concurrent.atomic.LongAdder;

/** What the target has done. Sessions add to it once a batch, not once a command. */
final class Counters {
  final LongAdder commands = new LongAdder();
  final LongAdder reads = new LongAdder();
  final LongAdder writes = new LongAdder();
  final LongAdder readBytes = new LongAdder();
  final LongAdder writtenBytes = new LongAdder();
  final LongAdder writesAcknowledged = new LongAdder();
  final LatencyRecorder latency = new LatencyRecorder();

  /** A session's own counts since the last time. Owned by its connection. */
  static final class Batch {
    int commands;
    int reads;
    int writes;
    long readBytes;
    long writtenBytes;
    int writesAcknowledged;
  }

  void add(Batch batch) {
    if (batch.commands == 0) {
      return;
    }
    commands.add(batch.commands);
    reads.add(batch.reads);
    writes.add(batch.writes);
    readBytes.add(batch.readBytes);
    writtenBytes.add(batch.writtenBytes);
    writesAcknowledged.add(batch.writesAcknowledged);
    batch.commands = 0;
    batch.reads = 0;
    batch.writes = 0;
    batch.readBytes = 0;
    batch.writtenBytes = 0;
    batch.writesAcknowledged = 0;
  }
}
