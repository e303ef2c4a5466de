package io.bascule.host.initiator;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The other end of a real connection, for what no target does when a test wants it: logs everybody
 * in and leaves the rest to a script. Answers are numbered and windows opened as they should be.
 */
final class Peer implements AutoCloseable, Runnable {
  interface Script {
    /** {@code connection}: 1 for the first one. */
    void received(int connection, Pdu pdu, Peer peer) throws IOException;
  }

  private final ServerSocketChannel server;
  private final Script script;
  private final Thread thread;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile @Nullable SocketChannel channel;
  private int statSn;
  private int expCmdSn;

  Peer(int port, Script script) throws IOException {
    this.script = script;
    server = ServerSocketChannel.open();
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    thread = Thread.ofPlatform().daemon().name("peer").start(this);
  }

  TargetUrl url() throws IOException {
    int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
    return TargetUrl.parse("iscsi://127.0.0.1:" + port + "/iqn.peer/3");
  }

  @Override
  public void run() {
    for (int connection = 1; server.isOpen(); connection++) {
      try (SocketChannel accepted = server.accept()) {
        channel = accepted;
        serve(connection, accepted);
      } catch (ClosedChannelException e) {
        // close(), or the script dropped the connection: the next one may come
      } catch (IOException | RuntimeException | AssertionError e) {
        failure.compareAndSet(null, e);
      }
    }
  }

  private void serve(int connection, SocketChannel accepted) throws IOException {
    statSn = 100;
    expCmdSn = 1;
    PduDecoder decoder = new PduDecoder(1 << 20);
    while (accepted.read(decoder.space()) >= 0) {
      for (Pdu pdu = decoder.next(); pdu != null; pdu = decoder.next()) {
        if ((pdu.header().get(0) & Opcode.IMMEDIATE) == 0 && pdu.opcode() != Opcode.DATA_OUT) {
          expCmdSn = pdu.intAt(24) + 1;
        }
        if (pdu.opcode() == Opcode.LOGIN) {
          login(pdu);
        } else {
          script.received(connection, pdu, this);
        }
      }
    }
  }

  private void login(Pdu pdu) throws IOException {
    ByteBuffer answer = OutPdu.header(Opcode.LOGIN_RESPONSE, pdu.flags());
    answer.putShort(14, (short) 1).putInt(16, pdu.initiatorTag());
    boolean security = (pdu.flags() & 0x0c) == 0;
    send(answer, TextKeys.encode(security ? Map.of("AuthMethod", "None") : Map.of()), true);
  }

  /** Sends with the right counters; {@code status}: whether it takes a StatSN. */
  void send(ByteBuffer header, byte[] data, boolean status) throws IOException {
    header.putInt(24, status ? statSn++ : statSn).putInt(28, expCmdSn).putInt(32, expCmdSn + 31);
    ByteBuffer out = ByteBuffer.allocate(1 << 20);
    OutPdu.of(header, data).encode(out, false, false);
    out.flip();
    SocketChannel to = channel;
    while (to != null && out.hasRemaining()) {
      to.write(out);
    }
  }

  /** A SCSI Response; {@code sense} key, asc, ascq, or nothing. */
  void respond(Pdu command, int status, int... sense) throws IOException {
    ByteBuffer header = OutPdu.header(Opcode.SCSI_RESPONSE, 0x80);
    header.put(3, (byte) status).putInt(16, command.initiatorTag());
    byte[] data = new byte[sense.length == 0 ? 0 : 20];
    if (sense.length > 0) {
      ByteBuffer.wrap(data).putShort((short) 18).put((byte) 0x70);
      data[4] = (byte) sense[0];
      data[14] = (byte) sense[1];
      data[15] = (byte) sense[2];
    }
    send(header, data, true);
  }

  void async(int event) throws IOException {
    ByteBuffer header = OutPdu.header(Opcode.ASYNC_MESSAGE, 0x80);
    header.putInt(16, Pdu.NO_TAG).put(36, (byte) event);
    send(header, new byte[0], true);
  }

  void drop() throws IOException {
    SocketChannel current = channel;
    if (current != null) {
      current.close();
    }
  }

  /** Ends; throws what went wrong meanwhile. */
  @Override
  public void close() throws IOException {
    server.close();
    drop();
    try {
      thread.join(10_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while closing", e);
    }
    Throwable wrong = failure.get();
    if (wrong != null) {
      throw new AssertionError("the peer failed", wrong);
    }
  }
}
