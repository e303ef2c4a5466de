package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import java.util.function.Consumer;

/** Reads leaves from checkpoint files; one that is damaged becomes a leaf of damaged blocks. */
final class LeafLoader implements Leaves.Loader {
  private final CheckpointFiles files;
  private final Consumer<StoreException.Corrupt> report;

  LeafLoader(CheckpointFiles files, Consumer<StoreException.Corrupt> report) {
    this.files = files;
    this.report = report;
  }

  @Override
  public void load(int leaf, int file, long offset, int bytes, Leaves.RunVisitor runs) {
    try {
      if (file == 0) {
        throw new StoreException.Corrupt("nobody knows where leaf " + leaf + " lies");
      }
      var page = files.read(new Page.At(file, offset, bytes), Page.LEAF, leaf);
      int end = Page.HEAD_BYTES + page.getInt(Page.BODY);
      for (int at = Page.HEAD_BYTES; at + Page.RUN_BYTES <= end; at += Page.RUN_BYTES) {
        runs.run(
            page.getShort(at + Page.RUN_START),
            page.getShort(at + Page.RUN_BLOCKS),
            page.getLong(at + Page.RUN_POINTER));
      }
    } catch (StoreException.Corrupt e) {
      report.accept(e);
      runs.run(0, Leaves.BLOCKS, Pointer.DAMAGED);
    }
  }
}
