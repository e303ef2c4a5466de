package io.bascule.release;

import io.bascule.core.Version;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Whether a release may be installed on what an appliance runs now. */
public final class InstallRules {
  private InstallRules() {}

  /** The answer. */
  public sealed interface Judgement {
    record Allowed() implements Judgement {}

    /** {@code detail}: why, and what to do instead. */
    record NotAllowed(Rule rule, String detail) implements Judgement {}
  }

  /** The rule that stands in the way. */
  public enum Rule {
    ALREADY_INSTALLED,
    OLDER_THAN_INSTALLED,
    ROLLBACK_COUNTER,
    PATH
  }

  /**
   * Judges an upgrade to {@code release}.
   *
   * @param applianceRollbackCounter the highest counter ever finalized on the appliance
   * @param known other releases at hand, to name the path to take
   */
  public static Judgement upgrade(
      Manifest release,
      Version installed,
      long applianceRollbackCounter,
      Collection<Manifest> known) {
    if (release.version().equals(installed)) {
      return new Judgement.NotAllowed(Rule.ALREADY_INSTALLED, installed + " is already installed");
    }
    if (notBackwards(release, installed, applianceRollbackCounter)
        instanceof Judgement.NotAllowed no) {
      return no;
    }
    if (!release.from().contains(installed)) {
      return new Judgement.NotAllowed(Rule.PATH, pathDetail(release, installed, known));
    }
    return new Judgement.Allowed();
  }

  /** Whether the package may be kept: anything that does not lead backwards. */
  public static Judgement keep(Manifest release, Version installed, long applianceRollbackCounter) {
    return notBackwards(release, installed, applianceRollbackCounter);
  }

  private static Judgement notBackwards(
      Manifest release, Version installed, long applianceRollbackCounter) {
    if (release.version().compareTo(installed) < 0) {
      return new Judgement.NotAllowed(
          Rule.OLDER_THAN_INSTALLED,
          release.version() + " is older than the installed " + installed);
    }
    if (release.rollbackCounter() < applianceRollbackCounter) {
      return new Judgement.NotAllowed(
          Rule.ROLLBACK_COUNTER,
          release.version()
              + " has rollback counter "
              + release.rollbackCounter()
              + ", this appliance takes "
              + applianceRollbackCounter
              + " or higher: releases below it were withdrawn");
    }
    return new Judgement.Allowed();
  }

  private static String pathDetail(
      Manifest release, Version installed, Collection<Manifest> known) {
    String sources =
        release.from().stream().sorted().map(Version::toString).collect(Collectors.joining(" or "));
    String detail =
        release.from().isEmpty()
            ? release.version() + " cannot be installed as an upgrade"
            : release.version() + " can be installed on " + sources + " only";
    return path(release, installed, known)
        .map(path -> detail + "; upgrade " + join(path) + " instead")
        .orElse(detail + "; this appliance runs " + installed);
  }

  private static String join(List<Version> path) {
    return path.stream().map(Version::toString).collect(Collectors.joining(" -> "));
  }

  /** The shortest way there, through releases at hand if they lead there. */
  private static Optional<List<Version>> path(
      Manifest release, Version installed, Collection<Manifest> known) {
    var sources = new TreeMap<Version, List<Version>>();
    known.forEach(m -> sources.put(m.version(), m.from()));
    sources.put(release.version(), release.from());
    Map<Version, Version> next = new HashMap<>();
    var queue = new ArrayDeque<Version>(List.of(release.version()));
    while (!queue.isEmpty()) {
      Version at = queue.remove();
      for (Version source : sources.getOrDefault(at, List.of())) {
        if (source.compareTo(at) < 0 && next.putIfAbsent(source, at) == null) {
          queue.add(source);
        }
      }
    }
    if (next.containsKey(installed)) {
      return Optional.of(walk(installed, next));
    }
    // No release at hand leads there: name the stop that is certainly on the way.
    return release.from().stream()
        .filter(v -> v.compareTo(installed) > 0)
        .min(Version::compareTo)
        .map(stop -> List.of(installed, stop, release.version()));
  }

  private static List<Version> walk(Version from, Map<Version, Version> next) {
    var path = new ArrayList<Version>(List.of(from));
    for (Version at = next.get(from); at != null; at = next.get(at)) {
      path.add(at);
    }
    return path;
  }
}
