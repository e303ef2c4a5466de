package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;

/** Reads leaves from checkpoint files; one that is damaged becomes a leaf of damaged blocks. */
final class LeafLoader implements Leaves.Loader {
  private static final System.Logger LOG = System.getLogger(LeafLoader.class.getName());

  private final CheckpointFiles files;

  LeafLoader(CheckpointFiles files) {
    this.files = files;
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
      LOG.log(System.Logger.Level.ERROR, "2 MiB of a volume are unreadable until repaired", e);
      runs.run(0, Leaves.BLOCKS, Pointer.DAMAGED);
    }
  }
}
