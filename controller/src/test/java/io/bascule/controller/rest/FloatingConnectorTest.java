package io.bascule.controller.rest;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Server;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What was accepted is closed with the port, whether or not a selector has ever got it. */
class FloatingConnectorTest {
  private final Server server = new Server();
  private FloatingConnector connector;
  private SocketChannel client;
  private SocketChannel accepted;

  @BeforeEach
  void connect() throws Exception {
    connector = new FloatingConnector(server, new HttpConfiguration());
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    server.start();
    try (var listening = ServerSocketChannel.open()) {
      listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      client = SocketChannel.open(listening.getLocalAddress());
      accepted = listening.accept();
    }
  }

  @AfterEach
  void disconnect() throws Exception {
    server.stop();
    client.close();
    accepted.close();
  }

  @Test
  void shouldCloseWhatNoSelectorHasGotYet() throws Exception {
    connector.configure(accepted.socket());
    assertThat(accepted.isOpen()).isTrue();
    connector.stop();
    assertThat(accepted.isOpen()).isFalse();
  }

  @Test
  void shouldCloseWhatIsAcceptedAfterItsEnd() throws Exception {
    connector.stop();
    connector.configure(accepted.socket());
    assertThat(accepted.isOpen()).isFalse();
  }
}
