package io.bascule.core.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * GET /hosts, /hosts/{name}. The CHAP secret is never shown.
 *
 * @param iqn the initiator's name, or {@code *} for any
 * @param volumes names of the volumes it may use; the single entry {@code *} is all of them
 */
public record HostView(String name, String iqn, @Nullable String chapUser, List<String> volumes) {

  /**
   * POST /hosts. {@code volumes} null means all, empty none. {@code chapSecret} has 12 to 255
   * characters.
   */
  public record Create(
      String name,
      String iqn,
      @Nullable String chapUser,
      @Nullable String chapSecret,
      @Nullable List<String> volumes) {
    /** The secret never reaches a log. */
    @Override
    public String toString() {
      return "Create[" + name + ", " + iqn + ", " + volumes + "]";
    }
  }

  /** PATCH /hosts/{name}: what is null stays. {@code volumes} empty means none. */
  public record Change(
      @Nullable String chapUser, @Nullable String chapSecret, @Nullable List<String> volumes) {
    /** The secret never reaches a log. */
    @Override
    public String toString() {
      return "Change[" + volumes + "]";
    }
  }
}
