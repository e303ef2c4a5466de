package io.bascule.controller.rest;

import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import java.net.InetSocketAddress;

/**
 * What the management side of one controller is made with.
 *
 * @param fixedAddress this controller's own management address; port 0 takes any free one
 * @param managementPort the appliance's floating port. It names the session cookie, because a
 *     browser keeps one jar for all ports of an address, and several appliances may share one
 * @param maxUploadBytes of a release package
 */
public record RestSettings(
    ControllerId id, InetSocketAddress fixedAddress, int managementPort, long maxUploadBytes) {

  /** A package of a release has some 30 MiB; 2 GiB leaves room and bounds what an upload takes. */
  static final long MAX_UPLOAD_BYTES = 2L << 30;

  public RestSettings {
    Check.that(maxUploadBytes > 0, "no room for uploads: %d", maxUploadBytes);
  }

  public RestSettings(ControllerId id, InetSocketAddress fixedAddress, int managementPort) {
    this(id, fixedAddress, managementPort, MAX_UPLOAD_BYTES);
  }

  /** The name of the session cookie, the same on both controllers. */
  String cookieName() {
    return "bascule-" + managementPort;
  }
}
