package io.bascule.core.storage;

import io.bascule.core.volume.Directory;

/**
 * Opens the storage of a release that knows more than format 1. Found by {@link
 * java.util.ServiceLoader} among the jars of the release's package.
 */
public interface StorageProvider {
  /**
   * Opens the storage of the active controller, before any host is served. In the middle of a
   * migration it goes on as the record says; copying begins with the first {@link
   * io.bascule.core.upgrade.Migration#follow}.
   */
  Storage open(Enclosure enclosure);

  /**
   * Looks at format 2 while nobody has it open: every structure and every block against its
   * checksum. Reads all of it and changes nothing.
   *
   * @param bootId of the machine's present run: what a loss of power has left is no damage
   */
  FormatTwoCheck check(Directory formatTwo, String bootId);

  /**
   * Does what {@link #open} does in a takeover, in an empty directory of its own, which is empty
   * again when this returns; so that hosts do not wait for code that runs for the first time.
   */
  default void warmUp(Directory scratch) {}
}
