package io.bascule.iscsi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One connection, without its socket: {@link #feed} takes bytes as they come, answers go to the
 * {@link Wire}. First a {@link Login}, then a {@link Session}.
 *
 * <p>Owned by whoever holds the connection's lock; not safe for use by several threads at once.
 * Invariant: nothing is parsed once {@link #closing} is set.
 */
final class Connection {
  /** What may come in one PDU before the login is done (RFC 7143, 13.12), and in discovery. */
  static final int LOGIN_RECEIVE_BYTES = 8192;

  /** The longest PDU there is: an input buffer must hold it. */
  static final int MAX_PDU_BYTES =
      Pdu.BHS_BYTES
          + Pdu.MAX_AHS_BYTES
          + 2 * Pdu.DIGEST_BYTES
          + SessionParameters.MAX_RECEIVE_BYTES;

  private static final System.Logger LOG = System.getLogger(Connection.class.getName());

  private final Wire wire;
  private final PduWriter writer;
  private final Login login;
  private final CRC32C crc = new CRC32C();
  private @Nullable Session session;
  private boolean closing;
  private boolean headerDigest;
  private boolean dataDigest;

  Connection(TargetCore core, PortalSpec portal, Wire wire) {
    this.wire = wire;
    this.writer = new PduWriter(wire);
    this.login = new Login(core, portal, wire, writer);
  }

  /** The session, once the login is done. */
  @Nullable Session session() {
    return session;
  }

  /** Whether the connection is to be closed as soon as what was written is sent. */
  boolean closing() {
    return closing || session != null && session.closing();
  }

  /**
   * Takes all whole PDUs out of {@code in} and leaves the rest.
   *
   * @param arrivedNanos when they came; what hosts feel counts from then
   */
  void feed(ByteBuffer in, long arrivedNanos) {
    if (session != null) {
      session.beginBatch(arrivedNanos);
    }
    do {
      wire.beat();
    } while (!closing() && next(in));
    if (session != null) {
      session.endBatch();
    }
  }

  private boolean next(ByteBuffer in) {
    int base = in.position();
    int available = in.remaining();
    if (available < Pdu.BHS_BYTES) {
      return false;
    }
    int dataBytes = Pdu.dataLength(in, base);
    if (dataBytes > receiveBytes()) {
      malformed(in, base, "a data segment of " + dataBytes + " bytes");
      return false;
    }
    int headerBytes = Pdu.BHS_BYTES + (in.get(base + Pdu.AHS_LENGTH) & 0xFF) * 4;
    int dataStart = base + headerBytes + (headerDigest ? Pdu.DIGEST_BYTES : 0);
    int dataEnd = dataStart + Pdu.padded(dataBytes);
    boolean digested = dataDigest && dataBytes > 0;
    int end = dataEnd + (digested ? Pdu.DIGEST_BYTES : 0);
    if (available < end - base) {
      return false;
    }
    int limit = in.limit();
    if (headerDigest && !intact(in, base, base + headerBytes)) {
      // The header can't be trusted: not even to answer it.
      close("a header digest is wrong");
      return false;
    }
    if (digested && !intact(in, dataStart, dataEnd)) {
      reject(Pdu.REJECT_DATA_DIGEST, in, base);
      close("a data digest is wrong");
      return false;
    }
    in.limit(dataStart + dataBytes).position(dataStart);
    handle(in, base);
    in.limit(limit).position(end);
    return true;
  }

  private int receiveBytes() {
    return session == null || session.discovery()
        ? LOGIN_RECEIVE_BYTES
        : SessionParameters.MAX_RECEIVE_BYTES;
  }

  private boolean intact(ByteBuffer in, int from, int to) {
    int limit = in.limit();
    crc.reset();
    in.limit(to).position(from);
    crc.update(in);
    in.limit(limit);
    int wanted = in.order(ByteOrder.LITTLE_ENDIAN).getInt(to);
    in.order(ByteOrder.BIG_ENDIAN);
    return wanted == (int) crc.getValue();
  }

  /** {@code in} is limited to the data segment. */
  private void handle(ByteBuffer in, int base) {
    Session full = session;
    if (full == null) {
      handleLogin(in, base);
      return;
    }
    switch (Pdu.opcode(in, base)) {
      case Pdu.SCSI_COMMAND -> full.scsiCommand(in, base);
      case Pdu.DATA_OUT -> full.dataOut(in, base);
      case Pdu.NOP_OUT -> full.nopOut(in, base);
      case Pdu.TASK_MANAGEMENT -> full.taskManagement(in, base);
      case Pdu.TEXT -> full.text(in, base);
      case Pdu.LOGOUT -> full.logout(in, base);
      case Pdu.SNACK -> full.reject(Pdu.REJECT_UNSUPPORTED, in, base);
      default -> malformed(in, base, "opcode " + Pdu.opcode(in, base));
    }
  }

  private void handleLogin(ByteBuffer in, int base) {
    if (Pdu.opcode(in, base) != Pdu.LOGIN) {
      close("a PDU that is not a login request came first");
      return;
    }
    switch (login.request(in, base)) {
      case Login.More more -> {}
      case Login.Refused refused -> {
        LOG.log(
            System.Logger.Level.INFO,
            "login of {0} refused: {1}",
            wire.remoteAddress(),
            refused.why());
        closing = true;
      }
      case Login.Done done -> {
        session = done.session();
        headerDigest = session.parameters().headerDigest;
        dataDigest = session.parameters().dataDigest;
        writer.digests(headerDigest, dataDigest);
      }
    }
  }

  private void malformed(ByteBuffer in, int base, String what) {
    reject(Pdu.REJECT_PROTOCOL, in, base);
    close(what);
  }

  private void reject(int reason, ByteBuffer in, int base) {
    if (session != null) {
      session.reject(reason, in, base);
    }
  }

  private void close(String why) {
    LOG.log(
        System.Logger.Level.WARNING,
        "closing the connection of {0}: {1}",
        wire.remoteAddress(),
        why);
    closing = true;
  }

  /** The connection is gone: forgets its tasks. */
  void dispose() {
    closing = true;
    if (session != null) {
      session.dispose();
    }
  }
}
