package io.bascule.release;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The container of a package: a ZIP that any tool can list, of which exactly one byte image is
 * acceptable. Entries are stored, in the manifest's order, without gaps, comments, extra fields or
 * times; so every header follows from names, sizes and CRCs, and is compared with what it has to
 * be. A tool may read it; only {@link PackageComposer} can write it.
 *
 * <p>Reading is bounded before anything is believed: at most {@link #ENTRIES_MAX} entries and
 * {@link #DIRECTORY_MAX_BYTES} of directory.
 */
final class PackageZip {
  static final String MANIFEST = "manifest.json";
  static final String SIGNATURES = "signatures.json";

  static final int ENTRIES_MAX = ManifestJson.FILES_MAX + 2;
  static final int DIRECTORY_MAX_BYTES = 256 * 1024;
  static final long PACKAGE_MAX_BYTES = ManifestJson.TOTAL_MAX_BYTES + (2L << 20);

  private static final int LOCAL_MAGIC = 0x04034b50;
  private static final int CENTRAL_MAGIC = 0x02014b50;
  private static final int END_MAGIC = 0x06054b50;
  private static final int LOCAL_BYTES = 30;
  private static final int CENTRAL_BYTES = 46;
  private static final int END_BYTES = 22;
  private static final int NAME_MAX_BYTES = 256;

  private static final short VERSION_NEEDED = 20;
  private static final short MADE_BY_UNIX = 3 << 8 | 20;
  private static final short STORED = 0;
  private static final short MIDNIGHT = 0;
  private static final short FIRST_OF_1980 = 1 << 5 | 1;
  private static final int PLAIN_FILE_0644 = 0100644 << 16;
  private static final int FILE_TYPE_MASK = 0170000;
  private static final int PLAIN_FILE_TYPE = 0100000;

  private PackageZip() {}

  /** An entry; {@code contentOffset} is where its bytes begin in the file. */
  record Entry(String name, long sizeBytes, int crc, long contentOffset) {
    long headerOffset() {
      return contentOffset - LOCAL_BYTES - name.length();
    }

    long end() {
      return contentOffset + sizeBytes;
    }
  }

  /** The container is not acceptable. */
  static final class Unacceptable extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient Verdict.Reason reason;

    Unacceptable(Verdict.Reason reason, String detail) {
      super(detail);
      this.reason = reason;
    }

    Verdict.Reason reason() {
      return reason;
    }
  }

  /** The entries in order of the file; every header is as it has to be. */
  static List<Entry> readEntries(FileChannel file) throws IOException, Unacceptable {
    long fileBytes = file.size();
    if (fileBytes < END_BYTES || intAt(file, 0) != LOCAL_MAGIC) {
      throw new Unacceptable(
          fileBytes == 0 ? Verdict.Reason.TRUNCATED : Verdict.Reason.NOT_A_PACKAGE,
          fileBytes == 0 ? "the file is empty" : "the file is not a release package");
    }
    if (fileBytes > PACKAGE_MAX_BYTES) {
      throw new Unacceptable(
          Verdict.Reason.TOO_LARGE,
          "the file has " + fileBytes + " bytes, a package has at most " + PACKAGE_MAX_BYTES);
    }
    var end = read(file, fileBytes - END_BYTES, END_BYTES);
    if (end.getInt(0) != END_MAGIC) {
      throw new Unacceptable(
          Verdict.Reason.TRUNCATED, "the end of the file is missing or damaged; fetch it again");
    }
    int count = Short.toUnsignedInt(end.getShort(10));
    long directoryBytes = Integer.toUnsignedLong(end.getInt(12));
    long directoryOffset = Integer.toUnsignedLong(end.getInt(16));
    if (count > ENTRIES_MAX || directoryBytes > DIRECTORY_MAX_BYTES) {
      throw new Unacceptable(
          Verdict.Reason.TOO_LARGE, "the package has more entries than a release may have");
    }
    if (directoryOffset + directoryBytes + END_BYTES != fileBytes
        || !end.equals(endRecord(count, directoryBytes, directoryOffset))) {
      throw damaged("the end of the file");
    }
    var entries = readDirectory(read(file, directoryOffset, (int) directoryBytes), count);
    long expectedOffset = 0;
    for (Entry entry : entries) {
      if (entry.headerOffset() != expectedOffset) {
        throw damaged("the position of " + entry.name());
      }
      expectedOffset = entry.end();
      if (expectedOffset > directoryOffset) {
        throw damaged("the size of " + entry.name());
      }
      var header = localHeader(entry);
      if (!read(file, entry.headerOffset(), header.remaining()).equals(header)) {
        throw damaged("the header of " + entry.name());
      }
    }
    if (expectedOffset != directoryOffset) {
      throw damaged("the space behind the last file");
    }
    return entries;
  }

  /**
   * Each entry is judged by itself first: what it is tells more than that it is not as expected.
   */
  private static List<Entry> readDirectory(ByteBuffer directory, int count) throws Unacceptable {
    var entries = new ArrayList<Entry>();
    var names = new HashSet<String>();
    int at = 0;
    for (int i = 0; i < count; i++) {
      if (directory.limit() - at < CENTRAL_BYTES || directory.getInt(at) != CENTRAL_MAGIC) {
        throw damaged("the list of files");
      }
      int nameBytes = Short.toUnsignedInt(directory.getShort(at + 28));
      int othersBytes =
          Short.toUnsignedInt(directory.getShort(at + 30))
              + Short.toUnsignedInt(directory.getShort(at + 32));
      if (nameBytes > NAME_MAX_BYTES
          || directory.limit() - at < CENTRAL_BYTES + nameBytes + othersBytes) {
        throw damaged("the list of files");
      }
      byte[] name = new byte[nameBytes];
      directory.get(at + CENTRAL_BYTES, name);
      var entry = readEntry(directory, at, new String(name, StandardCharsets.ISO_8859_1));
      if (!names.add(entry.name())) {
        throw new Unacceptable(
            Verdict.Reason.DUPLICATE_ENTRY, "the package holds " + entry.name() + " twice");
      }
      entries.add(entry);
      at += CENTRAL_BYTES + nameBytes + othersBytes;
    }
    for (Entry entry : entries) {
      var canonical = centralHeader(entry);
      if (directory.remaining() < canonical.remaining()
          || !directory.slice(directory.position(), canonical.remaining()).equals(canonical)) {
        throw new Unacceptable(
            Verdict.Reason.DAMAGED,
            "the list of files is damaged at "
                + entry.name()
                + ", or another tool wrote it; fetch the package again");
      }
      directory.position(directory.position() + canonical.remaining());
    }
    if (directory.hasRemaining()) {
      throw damaged("the list of files");
    }
    return entries;
  }

  private static Entry readEntry(ByteBuffer directory, int at, String name) throws Unacceptable {
    if (!name.equals(MANIFEST) && !name.equals(SIGNATURES) && !ManifestJson.isSafePath(name)) {
      throw new Unacceptable(
          Verdict.Reason.UNSAFE_NAME,
          "the package holds a file named "
              + ManifestJson.printable(name)
              + "; a release has plain files below lib/ only");
    }
    int mode = directory.getInt(at + 38) >>> 16;
    if ((mode & FILE_TYPE_MASK) != PLAIN_FILE_TYPE && (mode & FILE_TYPE_MASK) != 0) {
      throw new Unacceptable(
          Verdict.Reason.NOT_A_PLAIN_FILE, name + " is a link or another thing than a plain file");
    }
    if (directory.getShort(at + 10) != STORED) {
      throw new Unacceptable(
          Verdict.Reason.COMPRESSED,
          name + " is compressed; a package stores its files as they are");
    }
    long sizeBytes = Integer.toUnsignedLong(directory.getInt(at + 24));
    if (sizeBytes > ManifestJson.FILE_MAX_BYTES) {
      throw new Unacceptable(
          Verdict.Reason.TOO_LARGE,
          name + " has " + sizeBytes + " bytes, more than " + ManifestJson.FILE_MAX_BYTES);
    }
    long headerOffset = Integer.toUnsignedLong(directory.getInt(at + 42));
    return new Entry(
        name, sizeBytes, directory.getInt(at + 16), headerOffset + LOCAL_BYTES + name.length());
  }

  /** The entry's bytes, for entries small enough to hold. */
  static byte[] content(FileChannel file, Entry entry, int maxBytes)
      throws IOException, Unacceptable {
    if (entry.sizeBytes() > maxBytes) {
      throw new Unacceptable(
          Verdict.Reason.TOO_LARGE,
          entry.name() + " has " + entry.sizeBytes() + " bytes, more than " + maxBytes);
    }
    byte[] bytes = read(file, entry.contentOffset(), (int) entry.sizeBytes()).array();
    var crc = new CRC32();
    crc.update(bytes);
    if ((int) crc.getValue() != entry.crc()) {
      throw damaged(entry.name());
    }
    return bytes;
  }

  static ByteBuffer localHeader(Entry entry) {
    byte[] name = entry.name().getBytes(StandardCharsets.ISO_8859_1);
    return little(LOCAL_BYTES + name.length)
        .putInt(LOCAL_MAGIC)
        .putShort(VERSION_NEEDED)
        .putShort((short) 0)
        .putShort(STORED)
        .putShort(MIDNIGHT)
        .putShort(FIRST_OF_1980)
        .putInt(entry.crc())
        .putInt((int) entry.sizeBytes())
        .putInt((int) entry.sizeBytes())
        .putShort((short) name.length)
        .putShort((short) 0)
        .put(name)
        .flip();
  }

  static ByteBuffer centralHeader(Entry entry) {
    byte[] name = entry.name().getBytes(StandardCharsets.ISO_8859_1);
    return little(CENTRAL_BYTES + name.length)
        .putInt(CENTRAL_MAGIC)
        .putShort(MADE_BY_UNIX)
        .putShort(VERSION_NEEDED)
        .putShort((short) 0)
        .putShort(STORED)
        .putShort(MIDNIGHT)
        .putShort(FIRST_OF_1980)
        .putInt(entry.crc())
        .putInt((int) entry.sizeBytes())
        .putInt((int) entry.sizeBytes())
        .putShort((short) name.length)
        .putShort((short) 0)
        .putShort((short) 0)
        .putShort((short) 0)
        .putShort((short) 0)
        .putInt(PLAIN_FILE_0644)
        .putInt((int) entry.headerOffset())
        .put(name)
        .flip();
  }

  static ByteBuffer endRecord(int count, long directoryBytes, long directoryOffset) {
    return little(END_BYTES)
        .putInt(END_MAGIC)
        .putInt(0)
        .putShort((short) count)
        .putShort((short) count)
        .putInt((int) directoryBytes)
        .putInt((int) directoryOffset)
        .putShort((short) 0)
        .flip();
  }

  /** Where the entry behind {@code previousEnd} has its content. */
  static long contentOffset(long previousEnd, String name) {
    return previousEnd + LOCAL_BYTES + name.length();
  }

  static Unacceptable damaged(String what) {
    return new Unacceptable(Verdict.Reason.DAMAGED, what + " is damaged; fetch the package again");
  }

  private static int intAt(FileChannel file, long offset) throws IOException {
    return read(file, offset, Integer.BYTES).getInt(0);
  }

  private static ByteBuffer read(FileChannel file, long offset, int length) throws IOException {
    var bytes = little(length);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, offset + bytes.position()) < 0) {
        throw new EOFException("the file became shorter while it was read");
      }
    }
    return bytes.flip();
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.wrap(new byte[bytes]).order(ByteOrder.LITTLE_ENDIAN);
  }
}
