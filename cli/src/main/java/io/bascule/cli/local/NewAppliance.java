package io.bascule.cli.local;

import io.bascule.cli.client.Access;
import io.bascule.cli.client.Json;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.platform.ApplianceSettings;
import io.bascule.platform.Layout;
import io.bascule.release.ReleasePackage;
import io.bascule.release.Slots;
import io.bascule.release.TrustStore;
import io.bascule.release.Verdict;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/**
 * Creates an appliance in a data directory. {@code appliance.conf} is written last and says that it
 * is whole; what a creation that was cut off left behind is removed by the next one.
 */
final class NewAppliance {
  private static final int TOKEN_BYTES = 32;

  /** Present while a creation is under way. */
  private static final String UNFINISHED = ".creating";

  private static final FileAttribute<Set<PosixFilePermission>> OWNER_FOLDER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private final Layout layout;
  private final ApplianceSettings settings;
  private final Releases releases;
  private final Version release;
  private final Consumer<String> progress;

  /** {@code progress}: told a line for each step. */
  NewAppliance(
      Layout layout,
      ApplianceSettings settings,
      Releases releases,
      Version release,
      Consumer<String> progress) {
    this.layout = layout;
    this.settings = settings;
    this.releases = releases;
    this.release = release;
    this.progress = progress;
  }

  /**
   * Does it.
   *
   * @throws NotPossible if something stands in the way; nothing was created then
   * @throws IOException if the disk does not take it; the next creation begins anew
   */
  void create() throws NotPossible, IOException, InterruptedException {
    Path file = releases.file(release);
    var trust = releases.trust();
    if (ReleasePackage.verify(file, TrustStore.load(trust)) instanceof Verdict.Refused refused) {
      throw new NotPossible(file + " is not to be trusted: " + refused.detail());
    }
    makeRoom();
    layFoundation(file, trust);
    progress.accept("Release " + release + " is verified");
    for (var id : ControllerId.values()) {
      fill(id);
    }
    warm();
    settings.store(layout.settings());
    Files.delete(layout.root().resolve(UNFINISHED));
  }

  private void makeRoom() throws NotPossible, IOException {
    Path root = layout.root();
    if (Files.exists(root.resolve(UNFINISHED))) {
      for (Path leftover :
          List.of(layout.enclosure(), root.resolve("controllers"), layout.chassis())) {
        deleteTree(leftover);
      }
      return;
    }
    if (Files.isDirectory(root)) {
      try (var entries = Files.list(root)) {
        if (entries.findAny().isPresent()) {
          throw new NotPossible(root + " is neither empty nor an appliance; choose another --data");
        }
      }
    } else if (Files.exists(root)) {
      throw new NotPossible(root + " is no folder; choose another --data");
    }
    Files.createDirectories(root, OWNER_FOLDER);
    Files.createFile(root.resolve(UNFINISHED));
  }

  private void layFoundation(Path file, Path trust) throws IOException {
    for (Path folder :
        List.of(
            layout.enclosure(),
            layout.volumesV1(),
            layout.packages(),
            layout.trust(),
            layout.chassis(),
            layout.log(ControllerId.CONTROLLER_0),
            layout.log(ControllerId.CONTROLLER_1))) {
      Files.createDirectories(folder, OWNER_FOLDER);
    }
    try (var keys = Files.list(trust)) {
      for (Path key : keys.filter(Files::isRegularFile).toList()) {
        Files.copy(key, layout.trust().resolve(key.getFileName()));
      }
    }
    Files.copy(file, layout.packages().resolve(ReleasePackage.fileName(release)));
    var token = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(token);
    String text = Base64.getUrlEncoder().withoutPadding().encodeToString(token);
    writeOwnerOnly(layout.accessTokenHash(), sha256Hex(text) + "\n");
    writeAccess(layout, settings, text);
  }

  private void fill(ControllerId id) throws NotPossible, IOException {
    var slot = layout.slot(id, Slot.A);
    Files.createDirectories(slot.resolveSibling("b").getParent());
    var verdict =
        ReleasePackage.unpack(
            layout.packages().resolve(ReleasePackage.fileName(release)),
            TrustStore.load(layout.trust()),
            slot,
            _ -> {});
    if (verdict instanceof Verdict.Refused refused) {
      throw new NotPossible("the package was changed meanwhile: " + refused.detail());
    }
    progress.accept("Controller " + id.number() + " has it in slot A");
  }

  /** Archives for a quick start; an appliance without them only boots more slowly. */
  private void warm() throws IOException, InterruptedException {
    progress.accept("Preparing quick boots");
    // The JDK logs each start of a process; two at once would find the logging half set up.
    boolean _ = System.getLogger("java.lang.ProcessBuilder").isLoggable(System.Logger.Level.DEBUG);
    Path javaHome = Path.of(System.getProperty("java.home"));
    try (var pool = Executors.newFixedThreadPool(2)) {
      var runs =
          java.util.Arrays.stream(ControllerId.values())
              .map(id -> pool.submit(() -> Slots.warm(layout.slot(id, Slot.A), javaHome)))
              .toList();
      for (var run : runs) {
        if (run.get() instanceof Slots.Warmth.Cold cold) {
          progress.accept("Not done, boots take longer: " + cold.warning());
        }
      }
    } catch (ExecutionException e) {
      throw new IOException("cannot prepare a slot: " + e.getCause(), e);
    }
  }

  /** Writes access.json for the address of these settings. */
  static void writeAccess(Layout layout, ApplianceSettings settings, String token)
      throws IOException {
    var access = new Access.AccessFile(Releases.managementUrl(settings), token);
    writeOwnerOnly(layout.access(), Json.write(access) + "\n");
  }

  private static void writeOwnerOnly(Path file, String text) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    Files.createFile(fresh, OWNER_FILE);
    Files.writeString(fresh, text);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static String sha256Hex(String text) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void deleteTree(Path folder) throws IOException {
    if (Files.notExists(folder)) {
      return;
    }
    try (var walk = Files.walk(folder)) {
      for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
