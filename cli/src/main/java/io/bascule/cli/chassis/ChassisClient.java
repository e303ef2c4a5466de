package io.bascule.cli.chassis;

import io.bascule.core.ControllerId;
import io.bascule.core.chassis.ChassisProtocol;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.link.Frame;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A command's connection to the chassis. One request at a time, from one thread; an answer that
 * does not come in time is an {@link IOException}, and the connection is of no more use.
 */
public final class ChassisClient implements AutoCloseable {
  /** A turn of the chassis takes 50 ms, and some more when its disk is slow. */
  private static final long ANSWER_MILLIS = 5_000;

  private static final Frame ENDED = Frame.of("ENDED");

  private final SocketChannel channel;
  private final BlockingQueue<Frame> answers = new ArrayBlockingQueue<>(16);
  private long seq;

  private ChassisClient(SocketChannel channel) {
    this.channel = channel;
  }

  /**
   * Connects.
   *
   * @throws IOException if no chassis listens
   */
  public static ChassisClient connect(Layout layout) throws IOException {
    var channel = SocketChannel.open(UnixDomainSocketAddress.of(layout.chassisSocket()));
    var client = new ChassisClient(channel);
    Thread.ofVirtual().name("chassis-client-read").start(client::read);
    client.send(
        Frame.of(
            ChassisProtocol.HELLO,
            "protocol",
            ChassisProtocol.VERSION,
            "kind",
            "client",
            "pid",
            ProcessHandle.current().pid(),
            "release",
            ""));
    return client;
  }

  /** What the chassis knows of both controllers. */
  public Map<ControllerId, ControllerBoot> state() throws IOException {
    var answer = request(Frame.of(ChassisProtocol.STATE));
    var states = new EnumMap<ControllerId, ControllerBoot>(ControllerId.class);
    for (var id : ControllerId.values()) {
      states.put(id, ControllerBoot.decode(answer.text("state." + id.number())));
    }
    return states;
  }

  /** Asks the chassis to stop both controllers and itself; it has not done so yet on return. */
  public void down() throws IOException {
    request(Frame.of(ChassisProtocol.DOWN));
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @return the OK
   * @throws RequestRefused if it is refused, or not understood
   * @throws IOException if the chassis does not answer
   */
  public Frame request(Frame frame) throws IOException {
    seq++;
    send(frame.with("seq", seq));
    long untilNanos = System.nanoTime() + ANSWER_MILLIS * 1_000_000;
    while (true) {
      Frame answer = next(untilNanos);
      if (answer == ENDED) {
        throw new IOException("the chassis closed the connection");
      }
      if (answer.optional("seq").filter(Long.toString(seq)::equals).isEmpty()) {
        continue;
      }
      return switch (answer.type()) {
        case ChassisProtocol.OK -> answer;
        case ChassisProtocol.REFUSED -> throw new RequestRefused(answer.text("reason"));
        default -> throw new RequestRefused("this chassis does not know " + frame.type());
      };
    }
  }

  private Frame next(long untilNanos) throws IOException {
    try {
      var answer = answers.poll(untilNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (answer == null) {
        throw new IOException("the chassis does not answer within " + ANSWER_MILLIS + " ms");
      }
      return answer;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for the chassis", e);
    }
  }

  private void send(Frame frame) throws IOException {
    frame.writeTo(Channels.newOutputStream(channel));
  }

  private void read() {
    try {
      var in = Channels.newInputStream(channel);
      while (answers.offer(Frame.readFrom(in))) {
        // Until it ends, or says more than anybody asked for.
      }
    } catch (IOException | Frame.MalformedFrame e) {
      // The next request says so. Nothing is logged: a command has no log.
    }
    var _ = answers.offer(ENDED);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** The chassis answered no. */
  public static final class RequestRefused extends IOException {
    private static final long serialVersionUID = 1L;

    RequestRefused(String reason) {
      super(reason);
    }
  }
}
