package io.bascule.iscsi;

import java.net.InetSocketAddress;

/** An open portal. */
public interface Portal extends AutoCloseable {
  PortalSpec spec();

  /** Where it really listens: the port is known even if the spec said 0. */
  InetSocketAddress localAddress();

  /** Stops accepting and closes the listening socket; its sessions live on. */
  @Override
  void close();
}
