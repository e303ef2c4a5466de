package io.bascule.controller.packages;

import io.bascule.controller.service.PackageService;
import io.bascule.core.Refusal;
import io.bascule.core.Version;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.PackageView;
import io.bascule.platform.Layout;
import io.bascule.release.Durable;
import io.bascule.release.InstallRules;
import io.bascule.release.Manifest;
import io.bascule.release.ReleasePackage;
import io.bascule.release.TrustStore;
import io.bascule.release.Verdict;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * {@code enclosure/packages}: verified packages as {@code bascule-VERSION.pkg}, uploads under names
 * that begin with a dot. Safe for many threads.
 *
 * <p>Invariant: a {@code .pkg} file was accepted when it got its name. What is listed was verified
 * in this process as well, once for each content of the file; one that does not pass any more is
 * not listed.
 */
public final class PackageStore implements PackageService {
  private static final System.Logger LOG = System.getLogger(PackageStore.class.getName());
  private static final String UPLOAD_PREFIX = ".upload-";
  private static final String SUFFIX = ".pkg";

  private final Layout layout;
  private final TrustStore trust;
  private final Supplier<Version> installed;
  private final LongSupplier rollbackCounter;
  private final Map<Path, Known> known = new HashMap<>();

  /** A file as it was when it was verified. */
  private record Known(Stamp stamp, Optional<Kept> kept) {}

  private record Stamp(long sizeBytes, FileTime modified) {}

  private record Kept(Manifest manifest, String sha256) {}

  /**
   * @param installed the version the appliance runs
   * @param rollbackCounter the highest counter ever finalized on this appliance
   */
  public PackageStore(
      Layout layout, TrustStore trust, Supplier<Version> installed, LongSupplier rollbackCounter) {
    this.layout = layout;
    this.trust = trust;
    this.installed = installed;
    this.rollbackCounter = rollbackCounter;
    try {
      Files.createDirectories(layout.packages());
      try (var leftovers = Files.newDirectoryStream(layout.packages(), UPLOAD_PREFIX + "*")) {
        for (Path leftover : leftovers) {
          Files.deleteIfExists(leftover);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public synchronized List<PackageView> list() {
    var views = new ArrayList<PackageView>();
    for (Path file : files()) {
      kept(file).ifPresent(kept -> views.add(view(file, kept)));
    }
    return List.copyOf(views);
  }

  /** The manifests of all packages here, by ascending version. */
  public synchronized List<Manifest> manifests() {
    return files().stream()
        .flatMap(file -> kept(file).stream())
        .map(Kept::manifest)
        .sorted(Comparator.comparing(Manifest::version))
        .toList();
  }

  /** The manifest of the release's package, if it is here and good. */
  public synchronized Optional<Manifest> manifest(Version version) {
    Path file = file(layout, version);
    return Files.exists(file) ? kept(file).map(Kept::manifest) : Optional.empty();
  }

  /** Where the release's package lies, if it is here. */
  static Path file(Layout layout, Version version) {
    return layout.packages().resolve(ReleasePackage.fileName(version));
  }

  @Override
  public Path newUpload() {
    try {
      return Files.createTempFile(layout.packages(), UPLOAD_PREFIX, null);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public synchronized PackageView add(Path uploaded, String by) {
    try {
      var manifest = judge(uploaded);
      Path target = file(layout, manifest.version());
      String sha256 = ReleasePackage.sha256(uploaded);
      if (Files.exists(target)) {
        return same(target, sha256, manifest.version());
      }
      Durable.syncFile(uploaded);
      Durable.rename(uploaded, target);
      LOG.log(System.Logger.Level.INFO, "{0} added release {1}", by, manifest.version());
      var kept = new Kept(manifest, sha256);
      known.put(target, new Known(stamp(target), Optional.of(kept)));
      return view(target, kept);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot keep the package", e);
    } finally {
      remove(uploaded);
    }
  }

  private Manifest judge(Path uploaded) {
    return switch (ReleasePackage.verify(uploaded, trust)) {
      case Verdict.Refused refused -> throw refusal(refused.detail());
      case Verdict.Accepted accepted -> {
        var manifest = accepted.manifest();
        if (InstallRules.keep(manifest, installed.get(), rollbackCounter.getAsLong())
            instanceof InstallRules.Judgement.NotAllowed no) {
          throw refusal(no.detail());
        }
        yield manifest;
      }
    };
  }

  private PackageView same(Path target, String sha256, Version version) {
    var kept = kept(target);
    if (kept.isEmpty()) {
      throw refusal(
          "a damaged package of release " + version + " lies at " + target + "; remove it first");
    }
    if (!kept.get().sha256().equals(sha256)) {
      throw refusal(
          "there is another package of release "
              + version
              + " already, with SHA-256 "
              + kept.get().sha256()
              + "; this one has "
              + sha256);
    }
    return view(target, kept.get());
  }

  private Optional<Kept> kept(Path file) {
    try {
      var stamp = stamp(file);
      var earlier = known.get(file);
      if (earlier != null && earlier.stamp().equals(stamp)) {
        return earlier.kept();
      }
      Optional<Kept> kept = Optional.empty();
      switch (ReleasePackage.verify(file, trust)) {
        case Verdict.Accepted accepted ->
            kept = Optional.of(new Kept(accepted.manifest(), ReleasePackage.sha256(file)));
        case Verdict.Refused refused ->
            LOG.log(System.Logger.Level.WARNING, "{0} is not listed: {1}", file, refused.detail());
      }
      known.put(file, new Known(stamp, kept));
      return kept;
    } catch (NoSuchFileException e) {
      return Optional.empty(); // removed by hand meanwhile
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Path> files() {
    try (var files = Files.list(layout.packages())) {
      return files
          .filter(f -> f.getFileName().toString().endsWith(SUFFIX))
          .filter(Files::isRegularFile)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stamp stamp(Path file) throws IOException {
    var attributes = Files.readAttributes(file, BasicFileAttributes.class);
    return new Stamp(attributes.size(), attributes.lastModifiedTime());
  }

  private static PackageView view(Path file, Kept kept) {
    try {
      var manifest = kept.manifest();
      var stamp = stamp(file);
      return new PackageView(
          manifest.version().toString(),
          file.getFileName().toString(),
          stamp.sizeBytes(),
          kept.sha256(),
          manifest.from().stream().map(Version::toString).toList(),
          manifest.migration(),
          manifest.notes().isEmpty() ? null : manifest.notes(),
          stamp.modified().toInstant());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void remove(Path uploaded) {
    try {
      Files.deleteIfExists(uploaded);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot remove the upload " + uploaded, e);
    }
  }

  private static Refusal refusal(String detail) {
    return new Refusal(ErrorCode.PACKAGE_REFUSED, detail);
  }
}
