package io.bascule.cli.chassis;

import io.bascule.core.ControllerId;
import io.bascule.core.link.Frame;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * One connection to the chassis. A reading and a writing virtual thread of its own; {@link #send}
 * never blocks, so a client that does not read costs only itself.
 */
final class ChassisLink {
  /** A client that leaves this many answers unread is not there any more. */
  private static final int UNREAD_MAX = 256;

  private static final Frame END = Frame.of("END");

  private final SocketChannel channel;
  private final BlockingQueue<Frame> outgoing = new ArrayBlockingQueue<>(UNREAD_MAX);

  /** Set by the chassis' thread when the HELLO comes. */
  private Optional<Hello> hello = Optional.empty();

  /** Who a controller's connection belongs to. */
  record Hello(ControllerId controller, long pid) {}

  ChassisLink(SocketChannel channel) {
    this.channel = channel;
  }

  /** Begins to read and write; {@code received} and {@code closed} are called by its threads. */
  void start(BiConsumer<ChassisLink, Frame> received, Consumer<ChassisLink> closed) {
    Thread.ofVirtual().name("chassis-link-write").start(this::write);
    Thread.ofVirtual()
        .name("chassis-link-read")
        .start(() -> {
          try {
            read(received);
          } finally {
            close();
            closed.accept(this);
          }
        });
  }

  Optional<Hello> hello() {
    return hello;
  }

  void introduced(Hello hello) {
    this.hello = Optional.of(hello);
  }

  /** Sends the frame soon, or closes the connection if too many wait already. */
  void send(Frame frame) {
    if (!outgoing.offer(frame)) {
      close();
    }
  }

  /** Closes after what was sent before is written. */
  void closeAfterSending() {
    send(END);
  }

  void close() {
    try {
      channel.close();
    } catch (IOException e) {
      System.getLogger(ChassisLink.class.getName())
          .log(System.Logger.Level.DEBUG, "closing a link", e);
    }
    var _ = outgoing.offer(END);
  }

  private void read(BiConsumer<ChassisLink, Frame> received) {
    try {
      var in = new java.io.BufferedInputStream(Channels.newInputStream(channel));
      while (true) {
        received.accept(this, Frame.readFrom(in));
      }
    } catch (IOException | Frame.MalformedFrame e) {
      // The end of a connection is no event: a controller's end is seen by its process, and its
      // silence by the watchdog.
      System.getLogger(ChassisLink.class.getName())
          .log(System.Logger.Level.DEBUG, "a link ended", e);
    }
  }

  private void write() {
    try {
      var out = Channels.newOutputStream(channel);
      while (true) {
        var frame = outgoing.take();
        if (frame == END) {
          break;
        }
        frame.writeTo(out);
      }
    } catch (IOException | InterruptedException e) {
      System.getLogger(ChassisLink.class.getName())
          .log(System.Logger.Level.DEBUG, "a link cannot be written to", e);
    } finally {
      close();
    }
  }
}
