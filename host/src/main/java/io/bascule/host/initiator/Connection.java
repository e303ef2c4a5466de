package io.bascule.host.initiator;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One TCP connection to a portal: moves PDUs, and performs the login on it.
 *
 * <p>One thread reads, one thread writes; {@link #close()} from any thread ends both. No thread
 * that uses it may be interrupted.
 */
final class Connection implements AutoCloseable {
  private static final int OUT_BYTES = 1 << 20;

  /** A redirection leads to a portal that serves; a chain longer than this is a mistake. */
  private static final int MAX_REDIRECTS = 4;

  /** A connection that is logged in. */
  record LoggedIn(Connection connection, LoginExchange.Step.Done state) {}

  private final SocketChannel channel;
  private final PduDecoder decoder = new PduDecoder(Negotiated.RECEIVE_SEGMENT_BYTES);
  private final ByteBuffer out = ByteBuffer.allocateDirect(OUT_BYTES);
  private boolean headerDigest;
  private boolean dataDigest;

  private Connection(SocketChannel channel) {
    this.channel = channel;
  }

  /** Connects and logs in, following redirections. {@code target} null: a discovery session. */
  static LoggedIn login(
      String host,
      int port,
      @Nullable String target,
      @Nullable Credentials credentials,
      byte[] isid,
      InitiatorOptions options)
      throws IOException {
    String nowHost = host;
    int nowPort = port;
    for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      Connection connection = open(nowHost, nowPort, options.connectMillis());
      boolean keep = false;
      try {
        LoginExchange exchange = new LoginExchange(options, isid, target, credentials);
        switch (connection.exchange(exchange, options.loginMillis())) {
          case LoginExchange.Step.Done done -> {
            keep = true;
            return new LoggedIn(connection, done);
          }
          case LoginExchange.Step.Redirected(String address) -> {
            int colon = address.lastIndexOf(':');
            boolean hasPort = colon > address.lastIndexOf(']') && colon > 0;
            String newHost = hasPort ? address.substring(0, colon) : address;
            nowPort = hasPort ? port(address.substring(colon + 1)) : TargetUrl.DEFAULT_PORT;
            nowHost = newHost.replace("[", "").replace("]", "");
          }
          case LoginExchange.Step.Send send ->
              throw new IllegalStateException("login ended with " + send);
        }
      } finally {
        if (!keep) {
          connection.close();
        }
      }
    }
    throw new ProtocolException("redirected more than " + MAX_REDIRECTS + " times");
  }

  private static int port(String text) throws ProtocolException {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new ProtocolException("redirected to port " + text);
    }
  }

  private static Connection open(String host, int port, int connectMillis) throws IOException {
    InetSocketAddress address = new InetSocketAddress(host, port);
    if (address.isUnresolved()) {
      throw new UnknownHostException(host);
    }
    SocketChannel channel = SocketChannel.open();
    try {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.socket().connect(address, connectMillis);
      return new Connection(channel);
    } catch (IOException e) {
      channel.close();
      throw new IOException(host + ":" + port + ": " + e.getMessage(), e);
    }
  }

  private LoginExchange.Step exchange(LoginExchange exchange, int loginMillis) throws IOException {
    long deadlineNanos = System.nanoTime() + loginMillis * 1_000_000L;
    write(List.of(exchange.first()));
    while (true) {
      LoginExchange.Step step = exchange.next(await(deadlineNanos));
      switch (step) {
        case LoginExchange.Step.Send(OutPdu pdu) -> write(List.of(pdu));
        case LoginExchange.Step.Done done -> {
          headerDigest = done.negotiated().headerDigest();
          dataDigest = done.negotiated().dataDigest();
          decoder.useDigests(headerDigest, dataDigest);
          return step;
        }
        case LoginExchange.Step.Redirected redirected -> {
          return step;
        }
      }
    }
  }

  /** The next PDU, bounded in time; for the phases in which we ask and then wait. */
  Pdu await(long deadlineNanos) throws IOException {
    InputStream in = channel.socket().getInputStream();
    byte[] chunk = new byte[16 * 1024];
    while (true) {
      Pdu pdu = decoder.next();
      if (pdu != null) {
        return pdu;
      }
      long leftMillis = (deadlineNanos - System.nanoTime()) / 1_000_000;
      channel.socket().setSoTimeout((int) Math.max(1, leftMillis));
      ByteBuffer space = decoder.space();
      int count = in.read(chunk, 0, Math.min(chunk.length, space.remaining()));
      if (count < 0) {
        throw new EOFException("the target closed the connection");
      }
      space.put(chunk, 0, count);
    }
  }

  /** Blocks until something arrived; then {@link #next()} until null. Reader thread only. */
  void read() throws IOException {
    if (channel.read(decoder.space()) < 0) {
      throw new EOFException("the target closed the connection");
    }
  }

  @Nullable Pdu next() throws ProtocolException {
    return decoder.next();
  }

  /** Writes all of them, gathered. Writer thread only. */
  void write(List<OutPdu> pdus) throws IOException {
    for (OutPdu pdu : pdus) {
      if (out.remaining() < pdu.encodedBytes(headerDigest, dataDigest)) {
        flush();
      }
      pdu.encode(out, headerDigest, dataDigest);
    }
    flush();
  }

  private void flush() throws IOException {
    out.flip();
    while (out.hasRemaining()) {
      channel.write(out);
    }
    out.clear();
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      System.getLogger(Connection.class.getName())
          .log(System.Logger.Level.DEBUG, "closing a connection", e);
    }
  }
}
