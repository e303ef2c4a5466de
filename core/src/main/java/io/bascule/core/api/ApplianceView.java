package io.bascule.core.api;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * GET /appliance.
 *
 * @param version of the active controller's release
 * @param health OK, DEGRADED or CRITICAL
 * @param healthDetail one sentence for a person
 * @param redundant one ACTIVE, one STANDBY, both ONLINE, same release, either may take over
 * @param target the iSCSI name of the appliance's target
 * @param portals {@code address:port} of the floating and the fixed portals
 */
public record ApplianceView(
    String name,
    String version,
    String health,
    String healthDetail,
    boolean redundant,
    String target,
    Portals portals,
    List<Controller> controllers) {

  /** Where hosts connect. */
  public record Portals(String floating, List<String> fixed) {}

  /**
   * @param role ACTIVE or STANDBY; null while it is not known
   * @param status ONLINE, RECOVERING, FAILED or OFF
   * @param version the release it runs; null while it is not known
   * @param slots release in each slot, by "A" and "B"; a null value is an empty slot
   * @param runningSlot "A", "B", or null without a process
   * @param bootAttempts failed attempts of the present slot
   * @param since last change of status
   */
  public record Controller(
      int id,
      @Nullable String role,
      String status,
      @Nullable String version,
      Map<String, @Nullable String> slots,
      @Nullable String runningSlot,
      int bootAttempts,
      @Nullable Instant since) {}
}
