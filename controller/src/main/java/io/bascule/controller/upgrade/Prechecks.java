package io.bascule.controller.upgrade;

import static io.bascule.controller.catalog.VolumeRules.inWords;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.api.UpgradeView.Precheck;
import io.bascule.core.migration.SpaceRule;
import io.bascule.core.upgrade.World;
import io.bascule.release.InstallRules;
import io.bascule.release.Manifest;
import io.bascule.release.ReleasePackage;
import io.bascule.release.TrustStore;
import io.bascule.release.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Everything that is looked at before an upgrade touches anything. Reads only. */
final class Prechecks {
  /** A slot holds the release, its class archive and the unpacking's leftovers. */
  private static final int SLOT_BYTES_PER_PACKAGE_BYTE = 5;

  private static final long RESERVE_BYTES = 64L << 20;

  private final Path packages;
  private final TrustStore trust;
  private final Path root;

  Prechecks(Path packages, TrustStore trust, Path root) {
    this.packages = packages;
    this.trust = trust;
    this.root = root;
  }

  /**
   * @param manifest of the release, when its package is good
   */
  record Outcome(List<Precheck> checks, Optional<Manifest> manifest) {
    boolean passed() {
      return checks.stream().allMatch(Precheck::passed);
    }

    /** What does not pass, in one line. */
    String failures() {
      return String.join(
          " ", checks.stream().filter(check -> !check.passed()).map(Precheck::detail).toList());
    }
  }

  /**
   * Runs all of them.
   *
   * @param allocatedBytes of the volumes
   * @param unsound the volumes in which something is wrong, by name
   */
  Outcome run(
      Version to, World world, long rollbackCounter, long allocatedBytes, List<String> unsound) {
    List<Precheck> checks = new ArrayList<>();
    for (var id : ControllerId.values()) {
      checks.add(controller(id, world));
    }
    checks.add(sameRelease(world));
    Path file = packages.resolve(ReleasePackage.fileName(to));
    var manifest = verified(file, to, checks);
    manifest.ifPresent(m -> checks.add(path(m, world, rollbackCounter)));
    manifest.ifPresent(m -> checks.add(space(file, m.migration(), allocatedBytes)));
    if (manifest.filter(Manifest::migration).isPresent()) {
      checks.add(volumesSound(unsound));
    }
    return new Outcome(List.copyOf(checks), manifest);
  }

  private static Precheck controller(ControllerId id, World world) {
    String name = "controller-" + id.number() + "-online";
    boolean known = world.boot(id).isPresent();
    Status status = world.boot(id).map(b -> b.status()).orElse(Status.RECOVERING);
    if (!known) {
      return new Precheck(
          name,
          false,
          "The chassis does not answer, so " + id + " could not be booted.",
          "Start the chassis: bascule up.");
    }
    if (world.online(id) && status == Status.ONLINE) {
      String role = id == world.self() ? "active" : "standby, ready to take over";
      return new Precheck(name, true, sentence(id) + " is ONLINE (" + role + ").", null);
    }
    return new Precheck(
        name,
        false,
        status == Status.ONLINE
            ? sentence(id) + " is ONLINE, but it is not ready to take over."
            : sentence(id) + " is " + status + ".",
        status == Status.OFF || status == Status.FAILED
            ? "Switch it on: bascule controller power-on " + id.number() + "."
            : "Wait until it is ONLINE: bascule controller list.");
  }

  static Precheck sameRelease(World world) {
    var peer = world.boot(world.standby()).flatMap(b -> b.release());
    boolean same = peer.equals(Optional.of(world.release()));
    if (peer.isEmpty()) {
      return new Precheck(
          "same-release",
          false,
          sentence(world.standby()) + " does not say which release it runs: it is not up.",
          "Bring it ONLINE first: bascule controller list.");
    }
    return new Precheck(
        "same-release",
        same,
        same
            ? "Both controllers run " + world.release() + "."
            : "The controllers run different releases: "
                + world.release()
                + " and "
                + peer.get()
                + ".",
        same ? null : "Reboot the standby into the active's release first.");
  }

  private Optional<Manifest> verified(Path file, Version to, List<Precheck> checks) {
    if (!Files.isRegularFile(file)) {
      checks.add(
          new Precheck(
              "package",
              false,
              "The package of release " + to + " has not been added.",
              "Add it: bascule package add " + file.getFileName() + "."));
      return Optional.empty();
    }
    return switch (ReleasePackage.verify(file, trust)) {
      case Verdict.Accepted accepted -> {
        boolean right = accepted.manifest().version().equals(to);
        checks.add(
            new Precheck(
                "package",
                right,
                right
                    ? "The package of " + to + " is complete and its signature is good."
                    : "The package file of " + to + " holds " + accepted.manifest().version() + ".",
                right ? null : "Add the right package again."));
        yield right ? Optional.of(accepted.manifest()) : Optional.empty();
      }
      case Verdict.Refused refused -> {
        checks.add(
            new Precheck(
                "package",
                false,
                "The package of " + to + " is refused: " + refused.detail(),
                "Get the package again and add it: bascule package add FILE."));
        yield Optional.empty();
      }
    };
  }

  private Precheck path(Manifest manifest, World world, long rollbackCounter) {
    var judgement =
        InstallRules.upgrade(manifest, world.release(), rollbackCounter, knownReleases());
    return switch (judgement) {
      case InstallRules.Judgement.Allowed allowed ->
          new Precheck(
              "version-path",
              true,
              manifest.version() + " can be installed on " + world.release() + ".",
              null);
      case InstallRules.Judgement.NotAllowed no ->
          new Precheck(
              "version-path",
              false,
              Character.toUpperCase(no.detail().charAt(0)) + no.detail().substring(1) + ".",
              "Choose a release that can be installed: bascule package list.");
    };
  }

  private List<Manifest> knownReleases() {
    List<Manifest> known = new ArrayList<>();
    try (var files = Files.newDirectoryStream(packages, "bascule-*.pkg")) {
      for (Path file : files) {
        if (known.size() < 32
            && ReleasePackage.verify(file, trust) instanceof Verdict.Accepted accepted) {
          known.add(accepted.manifest());
        }
      }
    } catch (IOException e) {
      // Only to name the path to take in a refusal; the rule itself does not need them.
      System.getLogger(Prechecks.class.getName())
          .log(System.Logger.Level.WARNING, "cannot list the packages", e);
    }
    return known;
  }

  private Precheck space(Path file, boolean migrates, long allocatedBytes) {
    try {
      return space(
          Files.size(file), migrates, allocatedBytes, Files.getFileStore(root).getUsableSpace());
    } catch (IOException e) {
      return new Precheck(
          "free-space",
          false,
          "The free space cannot be told: " + e.getMessage(),
          "Look at the file system of the data directory.");
    }
  }

  /**
   * Room for the new slots, and for a migration also for both formats side by side.
   *
   * @param allocatedBytes of the volumes, as they are
   */
  static Precheck space(long packageBytes, boolean migrates, long allocatedBytes, long freeBytes) {
    long slots = 2 * SLOT_BYTES_PER_PACKAGE_BYTE * packageBytes + RESERVE_BYTES;
    long formatTwo = migrates ? SpaceRule.neededBytes(allocatedBytes) : 0;
    boolean enough = freeBytes >= slots + formatTwo;
    String what =
        "%s needed for the new slots, %s%s free."
            .formatted(
                inWords(slots),
                migrates ? inWords(formatTwo) + " for format 2 beside format 1, " : "",
                inWords(freeBytes));
    return new Precheck(
        "free-space",
        enough,
        what,
        enough ? null : "Free some space on the file system of the data directory.");
  }

  /** What is not whole cannot be copied into the new format. */
  static Precheck volumesSound(List<String> unsound) {
    boolean sound = unsound.isEmpty();
    return new Precheck(
        "volumes-sound",
        sound,
        sound
            ? "No volume is known to be damaged."
            : "Something is wrong with "
                + (unsound.size() == 1 ? "volume " : "volumes ")
                + String.join(", ", unsound)
                + ", which the migration would have to copy.",
        sound ? null : "`bascule volume check` says what it is, and what to do.");
  }

  /** The slots the controllers run now: the plan's old ones. Empty while one is unknown. */
  static Optional<Map<ControllerId, Slot>> runningSlots(World world) {
    Map<ControllerId, Slot> slots = new EnumMap<>(ControllerId.class);
    for (var id : ControllerId.values()) {
      world.boot(id).flatMap(boot -> boot.runningSlot()).ifPresent(slot -> slots.put(id, slot));
    }
    return slots.size() == 2 ? Optional.of(slots) : Optional.empty();
  }

  private static String sentence(ControllerId id) {
    return "Controller " + id.number();
  }
}
