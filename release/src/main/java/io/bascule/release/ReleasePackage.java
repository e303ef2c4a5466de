package io.bascule.release;

import io.bascule.core.Version;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * A signed release package. The order of judging: the container's bounds, then the signatures over
 * the exact bytes of the manifest, then the manifest, then every file against it. Nothing outside a
 * temporary folder is touched before all of it holds.
 */
public final class ReleasePackage {
  private static final int CHUNK_BYTES = 1 << 20;
  private static final int SIGNATURES_MAX_BYTES = 64 * 1024;

  private ReleasePackage() {}

  /** Judges the file; reads all of it. Never throws for what the file holds. */
  public static Verdict verify(Path file, TrustStore trust) {
    return judge(file, trust, new Hashing(_ -> {}));
  }

  /** Hex of the SHA-256 of the whole file, for a person to compare. */
  public static String sha256(Path file) throws IOException {
    var digest = Hashes.sha256();
    var chunk = ByteBuffer.allocate(CHUNK_BYTES);
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (channel.read(chunk.clear()) >= 0) {
        digest.update(chunk.flip());
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The usual file name of a release's package. */
  public static String fileName(Version version) {
    return "bascule-" + version + ".pkg";
  }

  /**
   * Puts the release into the slot folder, replacing what is there: written beside it, synced,
   * renamed into place, the {@code complete} marker last. Killed at any instant the slot is either
   * the old one or counts as empty, and running it again gives the new one.
   *
   * @param percent told 0 to 100, ascending
   * @return the verdict; after a refusal the slot is as it was
   * @throws IOException if the slot cannot be written; the slot is as it was or counts as empty
   */
  public static Verdict unpack(Path file, TrustStore trust, Path slotFolder, IntConsumer percent)
      throws IOException {
    Path fresh = Slots.freshFolder(slotFolder);
    Durable.deleteTree(fresh);
    Files.createDirectories(fresh.resolve("lib"));
    try {
      var verdict = judge(file, trust, new Writing(fresh, percent));
      if (verdict instanceof Verdict.Accepted accepted) {
        Slots.install(fresh, slotFolder, accepted.manifest());
        percent.accept(100);
      }
      return verdict;
    } catch (SlotNotWritable e) {
      throw e.ioException();
    } finally {
      Durable.deleteTree(fresh);
    }
  }

  private static Verdict judge(Path file, TrustStore trust, FileSink sink) {
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return judge(channel, trust, sink);
    } catch (PackageZip.Unacceptable e) {
      return new Verdict.Refused(e.reason(), text(e));
    } catch (ManifestJson.Malformed e) {
      return new Verdict.Refused(e.reason(), text(e));
    } catch (IOException e) {
      return new Verdict.Refused(
          Verdict.Reason.UNREADABLE, "the file cannot be read: " + e.getMessage());
    }
  }

  private static Verdict judge(FileChannel file, TrustStore trust, FileSink sink)
      throws IOException, PackageZip.Unacceptable, ManifestJson.Malformed {
    var entries = PackageZip.readEntries(file);
    if (entries.isEmpty() || !entries.get(0).name().equals(PackageZip.MANIFEST)) {
      throw new PackageZip.Unacceptable(
          Verdict.Reason.NOT_A_PACKAGE, "the file does not begin with a manifest");
    }
    if (entries.size() < 2 || !entries.get(1).name().equals(PackageZip.SIGNATURES)) {
      throw new PackageZip.Unacceptable(Verdict.Reason.NOT_SIGNED, "the package is not signed");
    }
    byte[] json = PackageZip.content(file, entries.get(0), ManifestJson.MANIFEST_MAX_BYTES);
    byte[] signatures = PackageZip.content(file, entries.get(1), SIGNATURES_MAX_BYTES);
    var refused = trust.judge(json, ManifestJson.readSignatures(signatures));
    if (refused.isPresent()) {
      return refused.get();
    }
    var manifest = ManifestJson.read(json);
    var files = entries.subList(2, entries.size());
    compareNames(manifest, files);
    long totalBytes = files.stream().mapToLong(PackageZip.Entry::sizeBytes).sum();
    sink.begin(json, totalBytes);
    for (int i = 0; i < files.size(); i++) {
      copy(file, files.get(i), manifest.files().get(i), sink);
    }
    return new Verdict.Accepted(manifest);
  }

  private static void compareNames(Manifest manifest, List<PackageZip.Entry> files)
      throws PackageZip.Unacceptable {
    var listed = new HashMap<String, Manifest.FileEntry>();
    manifest.files().forEach(f -> listed.put(f.path(), f));
    for (var file : files) {
      var entry = listed.remove(file.name());
      if (entry == null) {
        throw new PackageZip.Unacceptable(
            Verdict.Reason.UNLISTED_FILE, file.name() + " is not named in the manifest");
      }
      if (entry.sizeBytes() != file.sizeBytes()) {
        throw PackageZip.damaged(file.name());
      }
    }
    if (!listed.isEmpty()) {
      throw new PackageZip.Unacceptable(
          Verdict.Reason.MISSING_FILE,
          "the package lacks " + String.join(", ", listed.keySet().stream().sorted().toList()));
    }
    for (int i = 0; i < files.size(); i++) {
      if (!files.get(i).name().equals(manifest.files().get(i).path())) {
        throw PackageZip.damaged("the order of files");
      }
    }
  }

  private static void copy(
      FileChannel file, PackageZip.Entry entry, Manifest.FileEntry expected, FileSink sink)
      throws IOException, PackageZip.Unacceptable {
    var digest = Hashes.sha256();
    var crc = new CRC32();
    var chunk = ByteBuffer.allocate(CHUNK_BYTES);
    sink.open(entry.name());
    try {
      for (long at = 0; at < entry.sizeBytes(); at += chunk.limit()) {
        chunk.clear().limit((int) Math.min(CHUNK_BYTES, entry.sizeBytes() - at));
        while (chunk.hasRemaining()) {
          if (file.read(chunk, entry.contentOffset() + at + chunk.position()) < 0) {
            throw new EOFException("the file became shorter while it was read");
          }
        }
        update(digest, crc, chunk.flip());
        sink.write(chunk);
      }
    } finally {
      sink.close();
    }
    boolean asSigned = HexFormat.of().formatHex(digest.digest()).equals(expected.sha256());
    if (!asSigned || (int) crc.getValue() != entry.crc()) {
      throw PackageZip.damaged(entry.name());
    }
  }

  private static void update(MessageDigest digest, CRC32 crc, ByteBuffer chunk) {
    digest.update(chunk.duplicate());
    crc.update(chunk.duplicate());
  }

  private static String text(Exception e) {
    return String.valueOf(e.getMessage());
  }

  /**
   * Writing the slot failed: no matter of the package. Crosses the judging, which catches the rest.
   */
  private static final class SlotNotWritable extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final IOException cause;

    SlotNotWritable(IOException cause) {
      super(cause);
      this.cause = cause;
    }

    IOException ioException() {
      return cause;
    }
  }

  /** Where the files go while they are hashed. */
  private interface FileSink {
    void begin(byte[] manifestJson, long totalBytes);

    void open(String path);

    void write(ByteBuffer chunk);

    void close();
  }

  /** Only counts. */
  private static class Hashing implements FileSink {
    private final IntConsumer percent;
    private long totalBytes;
    private long doneBytes;

    Hashing(IntConsumer percent) {
      this.percent = percent;
    }

    @Override
    public void begin(byte[] manifestJson, long totalBytes) {
      this.totalBytes = totalBytes;
      percent.accept(0);
    }

    @Override
    public void open(String path) {}

    @Override
    public void write(ByteBuffer chunk) {
      doneBytes += chunk.limit();
      // 100 is said when the slot is in place.
      percent.accept((int) Math.min(99, doneBytes * 100 / Math.max(1, totalBytes)));
    }

    @Override
    public void close() {}
  }

  /** Writes the files of a slot that is not in place yet, each synced. */
  private static final class Writing extends Hashing {
    private final Path folder;
    private @Nullable FileChannel current;

    Writing(Path folder, IntConsumer percent) {
      super(percent);
      this.folder = folder;
    }

    @Override
    public void begin(byte[] manifestJson, long totalBytes) {
      try {
        Durable.write(folder.resolve(PackageZip.MANIFEST), manifestJson);
      } catch (IOException e) {
        throw new SlotNotWritable(e);
      }
      super.begin(manifestJson, totalBytes);
    }

    @Override
    public void open(String path) {
      try {
        current =
            FileChannel.open(
                folder.resolve(path), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      } catch (IOException e) {
        throw new SlotNotWritable(e);
      }
    }

    @Override
    public void write(ByteBuffer chunk) {
      try {
        var out = chunk.duplicate();
        while (current != null && out.hasRemaining()) {
          current.write(out);
        }
      } catch (IOException e) {
        throw new SlotNotWritable(e);
      }
      super.write(chunk);
    }

    @Override
    public void close() {
      try (var closing = current) {
        if (closing != null) {
          closing.force(true);
        }
      } catch (IOException e) {
        throw new SlotNotWritable(e);
      }
    }
  }
}
