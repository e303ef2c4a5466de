package io.bascule.controller.service;

import io.bascule.core.api.PackageView;
import java.nio.file.Path;
import java.util.List;

/** The release packages in the enclosure. */
public interface PackageService {
  List<PackageView> list();

  /** A new file for an upload, on the enclosure's file system; {@link #add} takes or removes it. */
  Path newUpload();

  /**
   * Verifies the file and keeps it, or removes it and refuses with PACKAGE_REFUSED and the reason.
   */
  PackageView add(Path uploaded, String by);
}
