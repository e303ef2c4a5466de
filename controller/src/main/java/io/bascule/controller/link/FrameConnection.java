package io.bascule.controller.link;

import io.bascule.core.link.Frame;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One connection that carries frames. One thread receives; any thread sends or asks. Every answer
 * carries the {@code seq} of its request; requests still open when the connection closes fail.
 */
final class FrameConnection implements Closeable {
  static final String SEQ = "seq";

  private static final int ASKED_AT_ONCE_MAX = 64;

  private final SocketChannel channel;
  private final InputStream in;
  private final OutputStream out;
  private final ReentrantLock sending = new ReentrantLock();
  private final AtomicLong nextSeq = new AtomicLong();
  private final Map<Long, CompletableFuture<Frame>> asked = new ConcurrentHashMap<>();

  FrameConnection(SocketChannel channel) {
    this.channel = channel;
    this.in = new BufferedInputStream(Channels.newInputStream(channel));
    this.out = Channels.newOutputStream(channel);
  }

  /** Connects to a Unix socket. */
  static FrameConnection dial(Path socket) throws IOException {
    var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
      return new FrameConnection(channel);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** Sends the frame; blocks while the other side does not read. */
  void send(Frame frame) throws IOException {
    sending.lock();
    try {
      frame.writeTo(out);
    } finally {
      sending.unlock();
    }
  }

  /** The next frame that is no answer; blocks until it is there. */
  Frame receive() throws IOException {
    while (true) {
      var frame = Frame.readFrom(in);
      Optional<CompletableFuture<Frame>> waiting =
          isAnswer(frame) ? Optional.ofNullable(asked.remove(frame.number(SEQ))) : Optional.empty();
      if (waiting.isEmpty()) {
        if (isAnswer(frame)) {
          continue; // Too late: nobody waits any more.
        }
        return frame;
      }
      waiting.get().complete(frame);
    }
  }

  private static boolean isAnswer(Frame frame) {
    return switch (frame.type()) {
      case PeerProtocol.OK, PeerProtocol.REFUSED, Frame.UNSUPPORTED ->
          frame.optional(SEQ).isPresent();
      default -> false;
    };
  }

  /** Sends the request and waits for its answer, OK or not. */
  Frame ask(Frame request, long timeoutMillis) throws IOException {
    if (asked.size() >= ASKED_AT_ONCE_MAX) {
      throw new IOException("too many requests are open already");
    }
    long seq = nextSeq.incrementAndGet();
    var answer = new CompletableFuture<Frame>();
    asked.put(seq, answer);
    try {
      send(request.with(SEQ, seq));
      return answer.get(timeoutMillis, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new IOException(request.type() + " was not answered in " + timeoutMillis + " ms", e);
    } catch (ExecutionException e) {
      throw new IOException(request.type() + " was not answered", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      asked.remove(seq);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
    var closed = new IOException("the connection closed");
    asked.values().forEach(answer -> answer.completeExceptionally(closed));
  }
}
