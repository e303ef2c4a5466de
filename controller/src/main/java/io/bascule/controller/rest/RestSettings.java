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
 * @param idleMillis after which a connection on which nothing moves is dropped; longer than the
 *     heartbeat of an event stream, so that only a reader that does not read is dropped
 */
public record RestSettings(
    ControllerId id,
    InetSocketAddress fixedAddress,
    int managementPort,
    long maxUploadBytes,
    int idleMillis) {

  /** A package of a release has some 30 MiB; 2 GiB leaves room and bounds what an upload takes. */
  static final long MAX_UPLOAD_BYTES = 2L << 30;

  private static final int IDLE_MILLIS = 30_000;

  public RestSettings {
    Check.that(
        idleMillis > EventStream.HEARTBEAT_MILLIS,
        "%d ms are shorter than a heartbeat",
        idleMillis);
    Check.that(maxUploadBytes > 0, "no room for uploads: %d", maxUploadBytes);
  }

  public RestSettings(ControllerId id, InetSocketAddress fixedAddress, int managementPort) {
    this(id, fixedAddress, managementPort, MAX_UPLOAD_BYTES, IDLE_MILLIS);
  }

  /** The name of the session cookie, the same on both controllers. */
  String cookieName() {
    return "bascule-" + managementPort;
  }
}
