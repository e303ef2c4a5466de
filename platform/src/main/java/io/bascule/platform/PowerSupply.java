package io.bascule.platform;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Whether the appliance as a whole has been without power. The chassis notes each time at which
 * neither controller has any; a reboot of the machine counts by itself.
 */
public final class PowerSupply {
  private PowerSupply() {}

  /** A name of the time since then: another one whenever the power was gone in between. */
  public static String current(Layout layout) throws IOException {
    String noted;
    try {
      noted = Files.readString(layout.power()).strip();
    } catch (NoSuchFileException e) {
      noted = ""; // no chassis has noted any
    }
    return noted + "@" + ProcessIdentity.currentBootId();
  }

  /** Neither controller has power now. Durable when it returns. */
  public static void interrupted(Layout layout) throws IOException {
    Path file = layout.power();
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.createDirectories(layout.chassis());
    try (var channel =
        FileChannel.open(
            fresh,
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      var bytes = ByteBuffer.wrap(UUID.randomUUID().toString().getBytes(StandardCharsets.US_ASCII));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    try (var folder = FileChannel.open(layout.chassis(), StandardOpenOption.READ)) {
      folder.force(true);
    }
  }
}
