package io.bascule.e2e;

import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** An appliance on its way from 1.2.2 to 2.0.1, as all tests of the migration need it. */
final class Migrating {
  private static final long SIZE_BYTES = 96L << 20;

  private Migrating() {}

  /** What is done to a migration: in ./check one kind is always tested, and two of the others. */
  enum Kind {
    CANCELED,
    KILLED,
    ROLES,
    FAULTS,
    CONFORMANCE
  }

  private static final int OTHERS = 2;

  /**
   * All of them in ./check --all; in ./check a rotating one if it is the kind's turn, otherwise
   * none; those whose text holds {@code -Dbascule.migration.only=REGEX} if that is given.
   */
  static <T> Stream<T> sample(Kind kind, List<T> all) {
    String only = System.getProperty("bascule.migration.only");
    if (only != null) {
      var wanted = Pattern.compile(only).asPredicate();
      return all.stream().filter(one -> wanted.test(one.toString()));
    }
    if (Boolean.getBoolean("bascule.check.all")) {
      return all.stream();
    }
    long seed = Long.getLong("bascule.check.seed", 1);
    var others = new ArrayList<>(List.of(Kind.values()));
    others.remove(Kind.CANCELED);
    if (kind != Kind.CANCELED && !shuffled(others, seed).subList(0, OTHERS).contains(kind)) {
      return Stream.empty();
    }
    return shuffled(all, seed).stream().limit(1);
  }

  private static <T> List<T> shuffled(List<T> all, long seed) {
    var shuffled = new ArrayList<>(all);
    Collections.shuffle(shuffled, new Random(seed));
    return shuffled;
  }

  /** At 1.2.2, with the volumes "db" for our host and "image" for others. */
  static Appliance appliance() {
    return equip(Appliance.create("migration", "--release", "1.2.2"));
  }

  static Appliance equip(Appliance appliance) {
    appliance.volume("db", Long.toString(SIZE_BYTES));
    appliance.volume("image", "8M");
    appliance.anyHost();
    appliance.addPackage("2.0.1");
    return appliance;
  }

  static void start(Appliance appliance, String pauseAt, int confirmSeconds) {
    appliance
        .bascule(
            "upgrade",
            "start",
            "2.0.1",
            "--pause-at",
            pauseAt,
            "--priority",
            "FINISH_SOONER",
            "--confirm-time",
            Integer.toString(confirmSeconds))
        .ok();
  }

  static void awaitPausedAt(Appliance appliance, String step) {
    appliance.eventually(
        "paused at " + step,
        () -> {
          var now = appliance.upgrade();
          return now.text("state").equals("PAUSED") && now.text("step").equals(step);
        });
  }

  /** Without the command's start between the request and whatever comes next. */
  static void resumeAtOnce(Appliance appliance) throws IOException {
    appliance.api().send("PATCH", "/upgrade", "{\"paused\":false}", "application/json").ok();
  }

  static List<String> files(Path directory) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static boolean isFormatOneAlone(Appliance appliance) {
    var layout = Layout.of(appliance.data);
    return !Files.exists(layout.volumesV2()) && files(layout.volumesV1()).size() == 4;
  }

  static void bootFrom(Appliance appliance, ControllerId id, String slot) {
    String number = Integer.toString(id.number());
    appliance.bascule("controller", "power-off", number, "--yes").ok();
    appliance.bascule("controller", "power-on", number, "--slot", slot, "--yes").ok();
  }

  static void awaitStandbyOn(Appliance appliance, ControllerId id, String version) {
    appliance.eventually(
        id + " is back on " + version,
        () -> {
          var boot = appliance.boots().get(id);
          return boot != null
              && boot.status() == Status.ONLINE
              && boot.role().equals(Optional.of(Role.STANDBY))
              && boot.release().equals(Optional.of(Version.parse(version)));
        });
  }

  /** The slot with 1.2.2. */
  static String oldSlot(Appliance appliance, ControllerId id) {
    var slots = appliance.get("/appliance");
    return slots.text("controllers." + id.number() + ".slots.A").equals("1.2.2") ? "A" : "B";
  }

  /** Those that stand, as the API tells them. */
  static String alerts(Appliance appliance) {
    return ((List<?>) appliance.get("/alerts").body())
        .stream()
            .map(Map.class::cast)
            .filter(alert -> alert.get("clearedAt") == null)
            .toList()
            .toString();
  }
}
