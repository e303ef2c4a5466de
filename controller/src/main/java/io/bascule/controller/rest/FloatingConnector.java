package io.bascule.controller.rest;

import java.io.IOException;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * A port that closes while the server goes on, with every connection it has accepted. The kernel
 * may give one to a thread that waits in accept although the port is closed just then; that
 * connection comes to no selector any more, and its client would wait for ever.
 *
 * <p>Any thread. A connection is either in the set before the connector stops, and closed by {@link
 * #doStop}, or finds it stopping, and is closed at once.
 */
final class FloatingConnector extends ServerConnector {
  private final Set<Socket> accepted = ConcurrentHashMap.newKeySet();

  FloatingConnector(Server server, HttpConfiguration http) {
    super(server, 1, 1, new HttpConnectionFactory(http));
  }

  /** Every accepted connection comes by here, before a selector gets it. */
  @Override
  protected void configure(Socket socket) {
    super.configure(socket);
    accepted.removeIf(Socket::isClosed); // as many as there are connections, which are limited
    accepted.add(socket);
    if (!isRunning()) {
      close(socket);
    }
  }

  @Override
  protected void doStop() throws Exception {
    try {
      super.doStop();
    } finally {
      accepted.forEach(FloatingConnector::close);
      accepted.clear();
    }
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      System.getLogger(FloatingConnector.class.getName())
          .log(System.Logger.Level.DEBUG, "a connection did not close in order", e);
    }
  }
}
