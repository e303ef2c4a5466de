package io.bascule.platform;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Where everything of one appliance lies.
 *
 * <pre>
 * DIR/appliance.conf            name, address, ports (written once by `up`)
 * DIR/access.json               {"url", "token"} for the command line, owner only
 * DIR/enclosure/                lease, state.db, ballast, v1/, packages/, trust/,
 *                               access-token.sha256
 * DIR/controllers/N/            slots/a, slots/b, boot.json (the chassis'), intent, log/
 * DIR/chassis/                  chassis.lock, power, log/
 * </pre>
 *
 * Sockets lie in {@link #sockets}, because a Unix socket's path has at most 107 bytes and DIR may
 * be deep.
 */
public record Layout(Path root) {

  /**
   * The layout of the appliance in {@code root}, made absolute; {@code root} need not exist yet.
   */
  public static Layout of(Path root) {
    return new Layout(root.toAbsolutePath().normalize());
  }

  public Path settings() {
    return root.resolve("appliance.conf");
  }

  public Path access() {
    return root.resolve("access.json");
  }

  public Path enclosure() {
    return root.resolve("enclosure");
  }

  public Path lease() {
    return enclosure().resolve("lease");
  }

  public Path stateDb() {
    return enclosure().resolve("state.db");
  }

  public Path volumesV2() {
    return enclosure().resolve("v2");
  }

  /** Space kept for state.db. */
  public Path ballast() {
    return enclosure().resolve("ballast");
  }

  public Path volumesV1() {
    return enclosure().resolve("v1");
  }

  public Path packages() {
    return enclosure().resolve("packages");
  }

  public Path trust() {
    return enclosure().resolve("trust");
  }

  /** Hex of the SHA-256 of the access token in {@link #access}. */
  public Path accessTokenHash() {
    return enclosure().resolve("access-token.sha256");
  }

  public Path controller(ControllerId id) {
    return root.resolve("controllers").resolve(Integer.toString(id.number()));
  }

  public Path slot(ControllerId id, Slot slot) {
    return controller(id).resolve("slots").resolve(slot.folder());
  }

  public Path bootRecord(ControllerId id) {
    return controller(id).resolve("boot.json");
  }

  /**
   * Written by a controller before it exits on purpose: {@code REBOOT reason}. The chassis reads
   * and removes it.
   */
  public Path intent(ControllerId id) {
    return controller(id).resolve("intent");
  }

  public Path log(ControllerId id) {
    return controller(id).resolve("log");
  }

  public Path chassis() {
    return root.resolve("chassis");
  }

  /** What {@link PowerSupply} notes. */
  public Path power() {
    return chassis().resolve("power");
  }

  /**
   * The folder of the appliance's Unix sockets, readable by the owner alone; created if it is
   * missing. One per data directory and user.
   *
   * @throws IOException if it cannot be made, or belongs to somebody else
   */
  public Path sockets() throws IOException {
    var base = Path.of(System.getenv().getOrDefault("BASCULE_RUNTIME_DIR", "/tmp"));
    var folder =
        base.resolve("bascule-" + System.getProperty("user.name") + "-" + hash(root.toRealPath()));
    try {
      Files.createDirectory(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (java.nio.file.FileAlreadyExistsException e) {
      boolean ours =
          Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
              && Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(root))
              && PosixFilePermissions.toString(Files.getPosixFilePermissions(folder))
                  .equals("rwx------");
      if (!ours) {
        throw new IOException(
            folder + " belongs to somebody else; remove it or set BASCULE_RUNTIME_DIR");
      }
    }
    return folder;
  }

  /** The chassis' socket. */
  public Path chassisSocket() throws IOException {
    return sockets().resolve("chassis.sock");
  }

  /** The peer link's socket, which controller 0 listens on and controller 1 dials. */
  public Path peerSocket() throws IOException {
    return sockets().resolve("peer.sock");
  }

  /**
   * Removes the folder of the sockets, with what processes that are gone left in it. Only for who
   * holds the chassis' lock.
   */
  public void removeSockets() throws IOException {
    Files.deleteIfExists(peerSocket());
    Files.deleteIfExists(chassisSocket());
    Files.deleteIfExists(sockets());
  }

  private static String hash(Path path) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(path.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
