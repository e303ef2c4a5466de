package io.bascule.cli.chassis;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** What a controller's process writes to its standard output and error: {@code console.log}. */
final class ConsoleLog {
  /** Kept twice at most: this one and the one before. */
  private static final long ROTATE_BYTES = 4 << 20;

  private static final int TAIL_BYTES = 16 << 10;
  private static final int SHOWN_CHARACTERS = 400;
  private static final int SHOWN_LINES = 3;

  private final Path file;
  private long bootOffset;

  ConsoleLog(Path folder) throws IOException {
    Files.createDirectories(folder);
    file = folder.resolve("console.log");
  }

  /** Where the next process writes to; what is there before it is not that one's. */
  Path beforeBoot() throws IOException {
    if (Files.exists(file) && Files.size(file) > ROTATE_BYTES) {
      Files.move(file, file.resolveSibling("console.log.1"), StandardCopyOption.REPLACE_EXISTING);
    }
    bootOffset = Files.exists(file) ? Files.size(file) : 0;
    return file;
  }

  /** The lines of this boot that say most about its end, as one; empty if there are none. */
  String lastLines() throws IOException {
    if (Files.notExists(file)) {
      return "";
    }
    try (var access = new RandomAccessFile(file.toFile(), "r")) {
      long from = Math.max(Math.min(bootOffset, access.length()), access.length() - TAIL_BYTES);
      var bytes = new byte[(int) (access.length() - from)];
      access.seek(from);
      access.readFully(bytes);
      return digest(new String(bytes, StandardCharsets.UTF_8));
    }
  }

  /** Of a console's end: what was thrown, and by what it was caused; else simply the last lines. */
  static String digest(String console) {
    List<String> lines =
        console
            .lines()
            .map(line -> line.replaceAll("\\p{Cntrl}", " ").stripTrailing())
            .filter(line -> !line.isBlank() && !isStackFrame(line))
            .map(String::strip)
            .toList();
    List<String> telling = lines.stream().filter(ConsoleLog::tellsWhy).toList();
    List<String> chosen = telling.isEmpty() ? lines : telling;
    String text =
        String.join("; ", chosen.subList(Math.max(0, chosen.size() - SHOWN_LINES), chosen.size()));
    return text.length() <= SHOWN_CHARACTERS ? text : text.substring(0, SHOWN_CHARACTERS) + "...";
  }

  private static boolean isStackFrame(String line) {
    return line.matches("\\s+at .*") || line.matches("\\s+\\.\\.\\. \\d+ (more|common frames.*)");
  }

  private static boolean tellsWhy(String line) {
    return line.startsWith("Exception in thread")
        || line.startsWith("Caused by:")
        || line.startsWith("Error:")
        || line.startsWith("Error occurred during initialization")
        || line.contains("OutOfMemoryError");
  }
}
