package io.bascule.store.v2;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoint files of a pool, for reading pages and for making new files; knows which of them
 * were found damaged, so that the next checkpoint writes anew what is needed of them. Any thread.
 */
final class CheckpointFiles {
  private static final System.Logger LOG = System.getLogger(CheckpointFiles.class.getName());

  private final Directory directory;
  private final UUID pool;
  private final Map<Integer, StoredFile> open = new HashMap<>();
  private final Set<Integer> damaged = ConcurrentHashMap.newKeySet();

  CheckpointFiles(Directory directory, UUID pool) {
    this.directory = directory;
    this.pool = pool;
  }

  /**
   * Reads a page; what is damaged or cannot be read there is told by the rest of the file. {@link
   * StoreException.Corrupt} or {@link StoreException.Io} if it is not.
   */
  ByteBuffer read(Page.At at, int kind, int id) {
    try {
      return readAsItIs(at, kind, id);
    } catch (StoreException.Corrupt | StoreException.Io e) {
      boolean there = exists(at.file());
      var rebuilt = there ? rebuilt(at, kind, id) : null;
      if (there && (rebuilt != null || e instanceof StoreException.Corrupt)) {
        damaged.add(at.file()); // else it may be the disk, not the file
      }
      if (rebuilt == null) {
        throw e;
      }
      LOG.log(System.Logger.Level.WARNING, "damaged, and rebuilt from the rest of its file", e);
      return rebuilt;
    }
  }

  boolean exists(int number) {
    return directory.exists(Names.checkpoint(number));
  }

  /** The page as the rest of its file says it is; null if that does not say it. */
  @Nullable ByteBuffer rebuilt(Page.At at, int kind, int id) {
    try {
      var page = Parity.rebuild(file(at.file()), at.offset(), at.bytes());
      return page != null && Page.isWhole(page, kind, id, at.file()) ? page : null;
    } catch (StoreException.Io _) {
      return null; // more than one place cannot be read; the caller tells of the first
    }
  }

  /** A file in which something was found damaged, 0 if there is none. */
  int damagedFile() {
    for (int number : damaged) {
      if (exists(number)) {
        return number;
      }
    }
    return 0;
  }

  void foundDamaged(int number) {
    damaged.add(number);
  }

  /** All that could be read of it is elsewhere. */
  void damageMended(int number) {
    damaged.remove(number);
  }

  /** The same, but damage is damage. */
  ByteBuffer readAsItIs(Page.At at, int kind, int id) {
    var buffer = ByteBuffer.allocate(at.bytes());
    file(at.file()).read(at.offset(), buffer);
    buffer.flip();
    if (!Page.isWhole(buffer, kind, id, at.file())) {
      throw new StoreException.Corrupt(
          "%s at %d: page %d of kind %d does not fit its checksum"
              .formatted(Names.checkpoint(at.file()), at.offset(), id, kind));
    }
    return buffer;
  }

  synchronized StoredFile file(int number) {
    var file = open.get(number);
    if (file == null) {
      file = openChecked(number);
      open.put(number, file);
    }
    return file;
  }

  private StoredFile openChecked(int number) {
    String name = Names.checkpoint(number);
    if (!directory.exists(name)) {
      throw missing(number);
    }
    return directory.open(name);
  }

  /** Makes an empty file, in the place of one that a crash may have left. */
  synchronized StoredFile create(int number) {
    String name = Names.checkpoint(number);
    directory.delete(name);
    var file = directory.create(name);
    var header = ByteBuffer.allocateDirect(Page.FILE_BYTES);
    Preamble.put(header, Page.MAGIC);
    header.putLong(Page.FILE_POOL, pool.getMostSignificantBits());
    header.putLong(Page.FILE_POOL + Long.BYTES, pool.getLeastSignificantBits());
    header.putInt(Page.FILE_NUMBER, number);
    header.putInt(Page.FILE_STRIPE, Parity.STRIPE_BYTES);
    header.putInt(Page.FILE_CRC, Checksum.ofHeader(header, 0, Page.FILE_CRC));
    try {
      file.write(0, header);
    } catch (StoreException e) {
      file.close();
      directory.delete(name);
      throw e;
    }
    open.put(number, file);
    return file;
  }

  /** Numbers of the files there are. */
  Set<Integer> numbers() {
    var numbers = new HashSet<Integer>();
    for (String name : directory.list()) {
      Names.checkpointNumber(name).ifPresent(number -> numbers.add((int) number));
    }
    return numbers;
  }

  /** What the pages of a file take. */
  long pageBytes(int number) {
    return Parity.pagesEnd(file(number).lengthBytes());
  }

  synchronized void delete(int number) {
    var file = open.remove(number);
    if (file != null) {
      file.close();
    }
    directory.delete(Names.checkpoint(number));
  }

  /** {@link StoreException.Corrupt} if a file that is in use has no name any more. */
  synchronized void checkFiles() {
    for (int number : open.keySet()) {
      if (!exists(number)) {
        throw missing(number);
      }
    }
  }

  private static StoreException.Corrupt missing(int number) {
    return new StoreException.Corrupt(
        "checkpoint file " + Names.checkpoint(number) + " is missing");
  }

  synchronized void close() {
    open.values().forEach(StoredFile::close);
    open.clear();
  }
}
