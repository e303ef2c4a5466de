package io.bascule.platform;

import io.bascule.core.volume.Directory;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Directory} of real files. What was written is in the kernel when a write returns, so it
 * survives the process. Safe for many threads, none of which may be interrupted: an interrupt
 * closes the channel under everybody.
 */
public final class LocalDirectory implements Directory {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,119}");

  /** Begins with a dot, so it is no name of the directory and never listed. */
  private static final String UNFINISHED_PREFIX = ".new-";

  private final Path folder;
  private final FreeSpace space;
  private final @Nullable Writeback writeback;

  private LocalDirectory(Path folder, FreeSpace space, @Nullable Writeback writeback) {
    this.folder = folder;
    this.space = space;
    this.writeback = writeback;
  }

  /** Opens the folder, made durably if it is missing; removes what a killed process left half. */
  public static LocalDirectory open(Path folder) {
    return open(folder, FreeSpace.ALL, null);
  }

  /**
   * The same, for files that hosts write: what {@link StoredFile#write} needs of new space must be
   * above the floor of {@code space}, or it is {@link StoreException.Full}. Writing again what is
   * allocated already needs none. What is written goes to the disk soon, and a write waits a little
   * while there is much that has not ({@link Writeback}).
   */
  public static LocalDirectory open(Path folder, FreeSpace space) {
    return open(folder, space, Writeback.ofVolumes());
  }

  /** The same, for files that are written once, from their beginning to their end. */
  public static LocalDirectory openLog(Path folder, FreeSpace space) {
    return open(folder, space, Writeback.ofLogs());
  }

  static LocalDirectory open(Path folder, FreeSpace space, @Nullable Writeback writeback) {
    var directory = new LocalDirectory(folder.toAbsolutePath().normalize(), space, writeback);
    try {
      if (Files.notExists(directory.folder)) {
        Files.createDirectories(directory.folder);
        Path parent = directory.folder.getParent();
        if (parent != null) {
          syncFolder(parent);
        }
      }
      try (var leftovers = Files.newDirectoryStream(directory.folder, UNFINISHED_PREFIX + "*")) {
        for (Path leftover : leftovers) {
          Files.deleteIfExists(leftover);
        }
      }
    } catch (IOException e) {
      throw failure("cannot open " + folder, e);
    }
    return directory;
  }

  /** The folder as it is: nothing is made, nothing removed. */
  public static LocalDirectory existing(Path folder) {
    return new LocalDirectory(folder.toAbsolutePath().normalize(), FreeSpace.ALL, null);
  }

  @Override
  public Survives writesSurvive() {
    return Survives.PROCESS_DEATH;
  }

  @Override
  public StoredFile create(String name) {
    Path file = path(name);
    try {
      return LocalFile.open(
          file,
          FileChannel.open(
              file,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE),
          space,
          writeback);
    } catch (IOException e) {
      throw failure("cannot create " + file, e);
    }
  }

  @Override
  public StoredFile open(String name) {
    Path file = path(name);
    try {
      return LocalFile.open(
          file,
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE),
          space,
          writeback);
    } catch (IOException e) {
      throw failure("cannot open " + file, e);
    }
  }

  @Override
  public boolean exists(String name) {
    return Files.exists(path(name), LinkOption.NOFOLLOW_LINKS);
  }

  @Override
  public List<String> list() {
    try (var files = Files.list(folder)) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(name -> NAME.matcher(name).matches())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw failure("cannot list " + folder, e);
    }
  }

  @Override
  public void replace(String name, byte[] content) {
    Path file = path(name);
    try {
      Path fresh = Files.createTempFile(folder, UNFINISHED_PREFIX, null);
      try (var channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        var bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
        Files.move(
            fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(fresh);
      }
      syncFolder(folder);
    } catch (IOException e) {
      throw failure("cannot write " + file, e);
    }
  }

  @Override
  public void delete(String name) {
    Path file = path(name);
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw failure("cannot delete " + file, e);
    }
  }

  @Override
  public void sync() {
    try {
      syncFolder(folder);
    } catch (IOException e) {
      throw failure("cannot sync " + folder, e);
    }
  }

  @Override
  public long freeBytes() {
    try {
      return Math.min(Files.getFileStore(folder).getUsableSpace(), space.roomBytes());
    } catch (IOException e) {
      throw failure("cannot ask for the free space of " + folder, e);
    }
  }

  @Override
  public String toString() {
    return folder.toString();
  }

  private Path path(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("not a file name of a directory: '" + name + "'");
    }
    return folder.resolve(name);
  }

  /** Sorts an I/O error into the kinds that callers tell apart. */
  static StoreException failure(String what, IOException e) {
    String message = what + ": " + e.getMessage();
    return isNoSpace(e) ? new StoreException.Full(message, e) : new StoreException.Io(message, e);
  }

  static boolean isNoSpace(IOException e) {
    return NoSpace.is(e);
  }

  /** Makes what was created, renamed and deleted in the folder durable. */
  private static void syncFolder(Path folder) throws IOException {
    try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** The JDK tells "no space" by the C library's text alone, which depends on the locale. */
  private static final class NoSpace {
    private static final List<String> TEXTS =
        List.of(
            FileCalls.errorText(FileCalls.ENOSPC),
            FileCalls.errorText(FileCalls.EDQUOT),
            "No space left on device",
            "Disk quota exceeded");

    private NoSpace() {}

    static boolean is(IOException e) {
      String message = e.getMessage();
      return message != null && TEXTS.stream().anyMatch(message::contains);
    }
  }
}
