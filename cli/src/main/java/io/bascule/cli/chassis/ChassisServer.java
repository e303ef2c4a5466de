package io.bascule.cli.chassis;

import io.bascule.core.link.Frame;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/** Listens on the chassis' socket, which only the holder of the chassis lock may do. */
final class ChassisServer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ChassisServer.class.getName());

  /** Two controllers with a connection or two each, and a few command lines. */
  private static final int LINKS_MAX = 64;

  private final Path socket;
  private final ServerSocketChannel listener;
  private final BiConsumer<ChassisLink, Frame> received;
  private final Set<ChassisLink> links = ConcurrentHashMap.newKeySet();

  /** Begins to listen; {@code received} is called by the links' threads. */
  ChassisServer(Path socket, BiConsumer<ChassisLink, Frame> received) throws IOException {
    this.socket = socket;
    this.received = received;
    // A socket file that is there is one of a chassis that is gone: we hold its lock.
    Files.deleteIfExists(socket);
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofPlatform().daemon().name("chassis-accept").start(this::accept);
  }

  Set<ChassisLink> links() {
    return links;
  }

  private void accept() {
    try {
      while (true) {
        var channel = listener.accept();
        if (links.size() >= LINKS_MAX) {
          LOG.log(System.Logger.Level.WARNING, "more than {0} connections", LINKS_MAX);
          channel.close();
          continue;
        }
        var link = new ChassisLink(channel);
        links.add(link);
        link.start(received, links::remove);
      }
    } catch (AsynchronousCloseException e) {
      LOG.log(System.Logger.Level.DEBUG, "listens no more", e);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "cannot accept connections any more", e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    Files.deleteIfExists(socket);
    links.forEach(ChassisLink::closeAfterSending);
  }
}
