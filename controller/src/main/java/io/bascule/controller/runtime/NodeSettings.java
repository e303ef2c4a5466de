package io.bascule.controller.runtime;

import io.bascule.controller.state.Claim;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.platform.ApplianceSettings;
import io.bascule.platform.Layout;
import io.bascule.release.Manifest;
import java.net.InetSocketAddress;
import java.util.List;

/** What a controller process is, from its arguments, its slot's manifest and appliance.conf. */
public record NodeSettings(
    Layout layout,
    ControllerId self,
    Slot slot,
    Version release,
    List<String> capabilities,
    ApplianceSettings appliance) {
  /** The portal group of the floating portal, wherever it is. */
  static final int FLOATING_GROUP = 3;

  /** This capability: taking the lease gives a recorded migration up (1.2.2). */
  private static final String CANCEL_MIGRATION = "cancel-migration";

  /** This capability: reads and writes format 2 (2.0.1). */
  private static final String FORMAT_2 = "format-2";

  public static NodeSettings of(
      Layout layout, ControllerId self, Slot slot, Manifest manifest, ApplianceSettings appliance) {
    return new NodeSettings(
        layout, self, slot, manifest.version(), manifest.capabilities(), appliance);
  }

  Claim.Migrations migrations() {
    if (capabilities.contains(FORMAT_2)) {
      return Claim.Migrations.RUNS;
    }
    return capabilities.contains(CANCEL_MIGRATION)
        ? Claim.Migrations.CANCELS
        : Claim.Migrations.UNKNOWN;
  }

  static int group(ControllerId id) {
    return id.number() + 1;
  }

  InetSocketAddress iscsiFloating() {
    return address(appliance.iscsiPort());
  }

  InetSocketAddress iscsiFixed(ControllerId id) {
    return address(appliance.iscsiPort() + 1 + id.number());
  }

  InetSocketAddress managementFloating() {
    return address(appliance.managementPort());
  }

  InetSocketAddress managementFixed(ControllerId id) {
    return address(appliance.managementPort() + 1 + id.number());
  }

  private InetSocketAddress address(int port) {
    return new InetSocketAddress(appliance.address(), port);
  }

  /** {@code address:port}, an IPv6 address in brackets. */
  static String shown(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
  }
}
