package io.bascule.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/**
 * What {@code up} fixes when it creates an appliance.
 *
 * @param address every portal binds this one
 * @param iscsiPort floating; fixed ones are +1 (controller 0) and +2 (controller 1)
 * @param managementPort floating; fixed ones are +1 and +2
 */
public record ApplianceSettings(String name, String address, int iscsiPort, int managementPort) {

  /** The iSCSI name of the appliance's one target. */
  public String target() {
    return "iqn.2026-11.io.bascule:" + name;
  }

  /**
   * Reads {@code appliance.conf}.
   *
   * @throws IOException if it is missing or damaged; the message says which value
   */
  public static ApplianceSettings load(Path file) throws IOException {
    var values = new Properties();
    try (var in = Files.newBufferedReader(file)) {
      values.load(in);
    }
    return new ApplianceSettings(
        required(values, "name", file),
        required(values, "address", file),
        port(values, "iscsi.port", file),
        port(values, "management.port", file));
  }

  /** Writes {@code appliance.conf}. */
  public void store(Path file) throws IOException {
    Files.writeString(
        file,
        """
        name=%s
        address=%s
        iscsi.port=%d
        management.port=%d
        """
            .formatted(name, address, iscsiPort, managementPort));
  }

  private static String required(Properties values, String key, Path file) throws IOException {
    String value = values.getProperty(key);
    if (value == null || value.isBlank()) {
      throw new IOException(file + " lacks '" + key + "'");
    }
    return value.strip();
  }

  private static int port(Properties values, String key, Path file) throws IOException {
    String text = required(values, key, file);
    try {
      int port = Integer.parseInt(text);
      if (port > 0 && port < 65_534) {
        return port;
      }
    } catch (NumberFormatException e) {
      // falls through to the one message for both
    }
    throw new IOException(file + ": '" + key + "' is no port: " + text);
  }
}
