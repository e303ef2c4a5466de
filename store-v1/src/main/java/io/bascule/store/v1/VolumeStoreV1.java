package io.bascule.store.v1;

import io.bascule.core.Check;
import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import io.bascule.core.volume.Volume;
import io.bascule.core.volume.VolumeCheck;
import io.bascule.core.volume.VolumeCheck.Trouble;
import io.bascule.store.v1.HeaderV1.State;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * The volumes of format 1 in one directory: {@code UUID.header} and {@code UUID.data} each. Used by
 * the lease holder only. Methods are safe for many threads; each is durable when it returns.
 *
 * <p>A volume exists while it has a header that does not say deleted. So each change has one step
 * that decides, and every other step leaves something harmless that opening the store clears away:
 *
 * <pre>
 *  create   data file, sync   | header                   a data file without header and content
 *  grow     longer data, sync | header with the size     a longer data file
 *  delete   header: deleted   | data file, then header   a header that says deleted
 * </pre>
 *
 * A data file that has content but no header is none of these: it is kept and reported by {@link
 * #strays}.
 */
public final class VolumeStoreV1 {
  private static final String HEADER = ".header";
  private static final String DATA = ".data";
  private static final Pattern UUID_SHAPE =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  private final Directory directory;
  private final Map<UUID, VolumeV1> open = new HashMap<>();

  /** Held while a header that exists is read, changed and written. Taken last. */
  private final Object headerLock = new Object();

  /** Opens the store and clears away what a killed process left. */
  public VolumeStoreV1(Directory directory) {
    this.directory = directory;
    for (String name : directory.list()) {
      if (name.endsWith(HEADER)) {
        uuidOf(name, HEADER).filter(this::isDeleted).ifPresent(this::finishDelete);
      } else if (name.endsWith(DATA)) {
        uuidOf(name, DATA).filter(this::isUnborn).ifPresent(this::discardUnborn);
      }
    }
    directory.sync();
  }

  /** Creates a volume of zeros; {@link StoreException.Io} if the uuid is taken. */
  public synchronized void create(UUID uuid, long sizeBytes) {
    checkSize(sizeBytes);
    if (directory.exists(headerName(uuid))) {
      throw new StoreException.Io(
          "volume " + uuid + " exists already", new IllegalStateException("taken"));
    }
    directory.delete(dataName(uuid)); // of a create that failed in this process
    try (var data = directory.create(dataName(uuid))) {
      data.setLength(sizeBytes);
      data.sync();
    }
    directory.sync();
    write(new HeaderV1(uuid, sizeBytes, State.LIVE));
  }

  /** Opens the volume, which must not be open already. */
  public synchronized Volume open(UUID uuid) {
    return opened(uuid);
  }

  private VolumeV1 opened(UUID uuid) {
    Check.that(!open.containsKey(uuid), "volume %s is open already", uuid);
    var header = existing(uuid);
    StoredFile data = directory.open(dataName(uuid));
    try {
      long lengthBytes = data.lengthBytes();
      if (lengthBytes < header.sizeBytes()) {
        throw new StoreException.Corrupt(
            "volume "
                + uuid
                + " has "
                + header.sizeBytes()
                + " bytes, its data file only "
                + lengthBytes);
      }
      if (lengthBytes > header.sizeBytes()) {
        data.setLength(header.sizeBytes()); // a grow that did not come to its end
      }
      var volume = new VolumeV1(header, data, () -> markSuspect(uuid), this::closed);
      open.put(uuid, volume);
      return volume;
    } catch (StoreException e) {
      data.close();
      throw e;
    }
  }

  /** Makes the volume larger, open or not; the new part reads zeros. */
  public synchronized void grow(UUID uuid, long newSizeBytes) {
    checkSize(newSizeBytes);
    var header = existing(uuid);
    if (newSizeBytes < header.sizeBytes()) {
      throw new IllegalArgumentException(
          "volume " + uuid + " has " + header.sizeBytes() + " bytes; it cannot shrink");
    }
    var volume = open.get(uuid);
    if (volume != null) {
      volume.lengthen(newSizeBytes);
    } else {
      try (var closed = opened(uuid)) {
        closed.lengthen(newSizeBytes);
      }
    }
    update(uuid, current -> current.withSize(newSizeBytes));
    if (volume != null) {
      volume.grown(newSizeBytes);
    }
  }

  /** Deletes the volume, which must not be open; nothing if there is none. */
  public synchronized void delete(UUID uuid) {
    Check.that(!open.containsKey(uuid), "volume %s is open", uuid);
    if (!directory.exists(headerName(uuid))) {
      return;
    }
    // A header that cannot be read does not keep its volume from being deleted. The size is of no
    // use any more.
    write(new HeaderV1(uuid, Volume.BLOCK_BYTES, State.DELETED));
    finishDelete(uuid);
    directory.sync();
  }

  /** The volumes there are, also those whose header cannot be read. */
  public synchronized List<UUID> list() {
    return directory.list().stream()
        .flatMap(name -> uuidOf(name, HEADER).stream())
        .filter(uuid -> !isDeleted(uuid))
        .toList();
  }

  /** Volumes that are here but not in the catalog: of a create or delete the catalog never saw. */
  public List<UUID> orphans(Collection<UUID> catalog) {
    return list().stream().filter(uuid -> !catalog.contains(uuid)).toList();
  }

  /** Data files that hold something but belong to no volume; never touched. */
  public synchronized List<String> strays() {
    return directory.list().stream()
        .filter(name -> name.endsWith(DATA))
        .filter(name -> uuidOf(name, DATA).filter(this::hasHeader).isEmpty())
        .toList();
  }

  /** Whether a sync of the volume ever failed; such a volume is readable only. */
  public synchronized boolean isSuspect(UUID uuid) {
    var volume = open.get(uuid);
    return (volume != null && volume.isSuspect()) || existing(uuid).state() == State.SUSPECT;
  }

  /** Looks at the volume, open or not, and changes nothing. */
  public synchronized VolumeCheck check(UUID uuid) {
    var found = CheckV1.volume(directory, uuid);
    var volume = open.get(uuid);
    boolean told = found.findings().stream().anyMatch(f -> f.trouble() == Trouble.SUSPECT);
    if (volume == null || !volume.isSuspect() || told) {
      return found;
    }
    // The mark itself could not be written.
    var findings = new ArrayList<>(found.findings());
    findings.add(CheckV1.suspect());
    return new VolumeCheck(found.format(), found.sizeBytes(), findings);
  }

  /**
   * A person has checked the data of a suspect volume and vouches for it. If it is open it takes
   * writes again at once.
   */
  public synchronized void accept(UUID uuid) {
    Runnable clear = () -> update(uuid, current -> current.with(State.LIVE));
    var volume = open.get(uuid);
    if (volume == null) {
      clear.run();
    } else {
      volume.accept(clear);
    }
  }

  /** Called by a volume's flush, which must not wait for a create: takes the header lock alone. */
  private void markSuspect(UUID uuid) {
    update(uuid, current -> current.with(State.SUSPECT));
  }

  private void update(UUID uuid, UnaryOperator<HeaderV1> change) {
    synchronized (headerLock) {
      write(change.apply(existing(uuid)));
    }
  }

  private synchronized void closed(VolumeV1 volume) {
    open.remove(volume.uuid(), volume);
  }

  private HeaderV1 existing(UUID uuid) {
    var header = read(uuid);
    if (header.isEmpty() || header.get().state() == State.DELETED) {
      throw new StoreException.Io(
          "there is no volume " + uuid, new NoSuchFileException(headerName(uuid)));
    }
    return header.get();
  }

  private Optional<HeaderV1> read(UUID uuid) {
    return read(directory, uuid);
  }

  /** The header, whatever it says; empty if there is none. */
  static Optional<HeaderV1> read(Directory directory, UUID uuid) {
    String name = headerName(uuid);
    if (!directory.exists(name)) {
      return Optional.empty();
    }
    try (var file = directory.open(name)) {
      // One byte more than there should be, to see that there is none; never more than that.
      int bytes = (int) Math.min(file.lengthBytes(), HeaderV1.BYTES + 1L);
      var content = ByteBuffer.allocate(bytes);
      file.read(0, content);
      return Optional.of(HeaderV1.decode(content.array(), uuid, name));
    }
  }

  private void write(HeaderV1 header) {
    directory.replace(headerName(header.uuid()), header.encode());
  }

  private boolean hasHeader(UUID uuid) {
    return directory.exists(headerName(uuid));
  }

  private boolean isDeleted(UUID uuid) {
    return isDeleted(directory, uuid);
  }

  static boolean isDeleted(Directory directory, UUID uuid) {
    try {
      return read(directory, uuid).filter(header -> header.state() == State.DELETED).isPresent();
    } catch (StoreException.Corrupt | StoreException.TooNew | StoreException.TooOld e) {
      return false; // open() says what is wrong with it
    }
  }

  private boolean isUnborn(UUID uuid) {
    return !hasHeader(uuid) && holdsNothing(directory, uuid);
  }

  private static boolean holdsNothing(Directory directory, UUID uuid) {
    try (var data = directory.open(dataName(uuid))) {
      return data.extents(0, data.lengthBytes()).isEmpty();
    }
  }

  /** A data file that holds something and has no header. */
  static boolean isStrayData(Directory directory, String name) {
    if (!name.endsWith(DATA)) {
      return false;
    }
    var uuid = uuidOf(name, DATA);
    return uuid.isEmpty()
        || (!directory.exists(headerName(uuid.get())) && !holdsNothing(directory, uuid.get()));
  }

  private void discardUnborn(UUID uuid) {
    directory.delete(dataName(uuid));
  }

  private void finishDelete(UUID uuid) {
    directory.delete(dataName(uuid));
    directory.sync(); // before the header that says what this was
    directory.delete(headerName(uuid));
  }

  private static void checkSize(long sizeBytes) {
    if (!HeaderV1.isSize(sizeBytes)) {
      throw new IllegalArgumentException(
          "not a volume size: " + sizeBytes + " (a multiple of 512, up to 1 PiB)");
    }
  }

  static String headerName(UUID uuid) {
    return uuid + HEADER;
  }

  static String dataName(UUID uuid) {
    return uuid + DATA;
  }

  /** The volume whose header has this name. */
  static Optional<UUID> headerOf(String name) {
    return uuidOf(name, HEADER);
  }

  private static Optional<UUID> uuidOf(String name, String suffix) {
    if (!name.endsWith(suffix)) {
      return Optional.empty();
    }
    String text = name.substring(0, name.length() - suffix.length());
    return UUID_SHAPE.matcher(text).matches()
        ? Optional.of(UUID.fromString(text))
        : Optional.empty();
  }
}
