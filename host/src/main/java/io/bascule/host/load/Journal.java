package io.bascule.host.load;

import io.bascule.core.Check;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The sidecar file of a load: its block maps, mapped into memory, so that they outlive the death of
 * the load's process (not of the machine) and a later process can verify.
 *
 * <pre>
 *   0  magic "BASCJRNL"   8  format 1   12  number of volumes   16  run seed
 *  24  per volume, 1024 bytes: id, first chunk, chunks, offset of its map (8 each), URL length (4), URL
 *  32764  CRC-32C of all before
 *  32768  the maps, 16 bytes per chunk in native order: acknowledged, pending
 * </pre>
 */
final class Journal implements AutoCloseable {
  static final int MAX_VOLUMES = 30;
  private static final int HEADER_BYTES = 32_768;
  private static final int VOLUMES_AT = 24;
  private static final int VOLUME_BYTES = 1024;
  private static final long MAGIC = 0x424153434a524e4cL; // "BASCJRNL"
  private static final int FORMAT = 1;

  /** A volume's part: what it is, and which of its chunks are used. */
  record Part(String url, long volumeId, long firstChunk, long chunks) {}

  private final Arena arena = Arena.ofShared();
  private final long seed;
  private final List<Part> parts;
  private final List<BlockMap> maps = new ArrayList<>();

  private Journal(long seed, List<Part> parts) {
    this.seed = seed;
    this.parts = List.copyOf(parts);
  }

  /** In memory only. */
  static Journal volatileOne(long seed, List<Part> parts) {
    Journal journal = new Journal(seed, parts);
    for (Part part : parts) {
      MemorySegment words =
          journal.arena.allocate(part.chunks() * BlockMap.BYTES_PER_CHUNK, Long.BYTES);
      journal.maps.add(new BlockMap(words, part.firstChunk(), part.chunks()));
    }
    return journal;
  }

  /** Refuses to replace a file that exists: it may be the only witness of what was acknowledged. */
  static Journal create(Path file, long seed, List<Part> parts) throws IOException {
    Check.that(parts.size() <= MAX_VOLUMES, "%d volumes", parts.size());
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    header.putLong(MAGIC).putInt(FORMAT).putInt(parts.size()).putLong(seed);
    long offset = HEADER_BYTES;
    for (int i = 0; i < parts.size(); i++) {
      Part part = parts.get(i);
      byte[] url = part.url().getBytes(StandardCharsets.UTF_8);
      if (url.length > VOLUME_BYTES - 36) {
        throw new IOException("URL is too long for a journal: " + part.url());
      }
      header.position(VOLUMES_AT + i * VOLUME_BYTES);
      header.putLong(part.volumeId()).putLong(part.firstChunk()).putLong(part.chunks());
      header.putLong(offset).putInt(url.length).put(url);
      offset += part.chunks() * BlockMap.BYTES_PER_CHUNK;
    }
    header.putInt(HEADER_BYTES - 4, checksum(header));
    Journal journal = new Journal(seed, parts);
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      header.clear();
      while (header.hasRemaining()) {
        channel.write(header, header.position());
      }
      journal.map(channel, false);
    }
    return journal;
  }

  static Journal open(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
      while (header.hasRemaining() && channel.read(header, header.position()) > 0) {}
      boolean whole = !header.hasRemaining() && header.getLong(0) == MAGIC;
      if (!whole || header.getInt(HEADER_BYTES - 4) != checksum(header)) {
        throw new IOException(file + " is no journal of a host load");
      }
      if (header.getInt(8) != FORMAT) {
        throw new IOException(file + " has format " + header.getInt(8) + ", this is " + FORMAT);
      }
      List<Part> parts = new ArrayList<>();
      for (int i = 0; i < header.getInt(12); i++) {
        header.clear().position(VOLUMES_AT + i * VOLUME_BYTES);
        long id = header.getLong();
        long first = header.getLong();
        long chunks = header.getLong();
        header.getLong();
        byte[] url = new byte[header.getInt()];
        header.get(url);
        parts.add(new Part(new String(url, StandardCharsets.UTF_8), id, first, chunks));
      }
      Journal journal = new Journal(header.getLong(16), parts);
      journal.map(channel, true);
      return journal;
    }
  }

  private static int checksum(ByteBuffer header) {
    CRC32C crc = new CRC32C();
    crc.update(header.slice(0, HEADER_BYTES - 4));
    return (int) crc.getValue();
  }

  private void map(FileChannel channel, boolean readOnly) throws IOException {
    FileChannel.MapMode mode =
        readOnly ? FileChannel.MapMode.READ_ONLY : FileChannel.MapMode.READ_WRITE;
    long offset = HEADER_BYTES;
    for (Part part : parts) {
      long bytes = part.chunks() * BlockMap.BYTES_PER_CHUNK;
      if (readOnly && channel.size() < offset + bytes) {
        throw new IOException("the journal is cut off");
      }
      MemorySegment words = channel.map(mode, offset, bytes, arena);
      maps.add(new BlockMap(words, part.firstChunk(), part.chunks()));
      offset += bytes;
    }
  }

  long seed() {
    return seed;
  }

  List<Part> parts() {
    return parts;
  }

  BlockMap map(int volume) {
    return maps.get(volume);
  }

  /** Only after every worker has ended. */
  @Override
  public void close() {
    arena.close();
  }
}
