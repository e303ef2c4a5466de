package io.bascule.iscsi;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** A target without sockets, and initiators that talk to it one PDU at a time. */
final class Lab implements AutoCloseable {
  static final String IQN = "iqn.2026-11.io.bascule:lab";
  static final String HOST = "iqn.2026-11.example:host";
  static final String CHAP_HOST = "iqn.2026-11.example:careful";
  static final String POOR_HOST = "iqn.2026-11.example:poor";
  static final Chap CHAP = new Chap("keeper", "a secret of length");
  static final int BLOCK = 512;

  final FileVolume volume;
  final KeptReservations kept = new KeptReservations();

  /** Work given to the pool; {@link #settle} does it. */
  final ArrayDeque<Runnable> slow = new ArrayDeque<>();

  /** Whether the pool takes no more. */
  boolean full;

  /** Whether there is no memory for cold reads. */
  boolean noMemory;

  int coldBuffers;

  final TargetCore core =
      new TargetCore(
          new TargetSettings(IQN),
          this::execute,
          new Buffers(SlowWork.COLD_BYTES, 32, this::allocate));

  Lab(Path directory) {
    try {
      volume = new FileVolume(directory.resolve("lab"), 1 << 20);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    core.guards.keep(kept);
    show(1 << 20, AccessState.ACTIVE_OPTIMIZED, Set.of(0, 1));
  }

  private ByteBuffer allocate(int bytes) {
    if (noMemory) {
      throw new OutOfMemoryError("as the test wants it");
    }
    coldBuffers++;
    return ByteBuffer.allocateDirect(bytes);
  }

  private void execute(Runnable work) {
    if (full) {
      throw new RejectedExecutionException();
    }
    slow.add(work);
  }

  /** The volume as unit 0, on active portals, to these hosts. */
  void showHosts(Host... hosts) {
    core.show(
        new TargetView(
            List.of(new Lun(0, "zero", volume.uuid(), 1 << 20, Optional.of(volume))),
            List.of(hosts),
            Map.of(1, AccessState.ACTIVE_OPTIMIZED, 3, AccessState.ACTIVE_OPTIMIZED),
            List.of(portal(1), portal(3))));
  }

  void show(long sizeBytes, AccessState fixed, Set<Integer> poorLuns) {
    core.show(
        new TargetView(
            List.of(
                new Lun(0, "zero", volume.uuid(), sizeBytes, Optional.of(volume)),
                new Lun(1, "one", volume.uuid(), sizeBytes, Optional.of(volume))),
            List.of(
                new Host("host", HOST, Optional.empty(), Optional.empty()),
                new Host("poor", POOR_HOST, Optional.empty(), Optional.of(poorLuns)),
                new Host("careful", CHAP_HOST, Optional.of(CHAP), Optional.empty())),
            Map.of(1, fixed, 2, AccessState.STANDBY, 3, AccessState.ACTIVE_OPTIMIZED),
            List.of(portal(1), portal(2), portal(3))));
  }

  static PortalSpec portal(int tag) {
    return new PortalSpec(new InetSocketAddress("127.0.0.1", 3259 + tag), tag, tag == 3);
  }

  /** Does what waits in the pool, and what that leads to. */
  void settle() {
    for (Runnable work = slow.poll(); work != null; work = slow.poll()) {
      work.run();
    }
  }

  @Override
  public void close() {
    volume.close();
  }

  static Path temporary() {
    try {
      return Files.createTempDirectory("iscsi-lab");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A PDU from the target. */
  record Answer(ByteBuffer bytes, ByteBuffer data) {
    int opcode() {
      return bytes.get(0) & 0x3F;
    }

    int flags() {
      return bytes.get(1) & 0xFF;
    }

    int status() {
      return bytes.get(3) & 0xFF;
    }

    int itt() {
      return bytes.getInt(16);
    }

    int loginStatus() {
      return bytes.getShort(36) & 0xFFFF;
    }

    int maxCmdSn() {
      return bytes.getInt(32);
    }

    /** Key, code and qualifier of sense data in either format, as in 0x05_20_00. */
    int sense() {
      if (data.get(2) == 0x72) {
        return (data.get(3) & 0xF) << 16 | (data.get(4) & 0xFF) << 8 | data.get(5) & 0xFF;
      }
      return (data.get(4) & 0xF) << 16 | (data.get(14) & 0xFF) << 8 | data.get(15) & 0xFF;
    }

    /** The field pointer of fixed format sense data; -1 for none. */
    int field() {
      return (data.get(17) & 0x80) == 0 ? -1 : data.getShort(18) & 0xFFFF;
    }

    int residual() {
      return bytes.getInt(44);
    }

    byte[] payload() {
      byte[] copy = new byte[data.remaining()];
      data.duplicate().get(copy);
      return copy;
    }

    Map<String, String> keys() throws Keys.MalformedException {
      byte[] text = payload();
      return Keys.parse(text, text.length);
    }
  }

  /** One connection. */
  final class Initiator implements Wire {
    final Connection connection;
    private ByteBuffer out = ByteBuffer.allocate(4096);
    private final ConcurrentLinkedQueue<Runnable> posted = new ConcurrentLinkedQueue<>();
    private final String name;
    boolean headerDigest;
    boolean dataDigest;
    boolean shut;
    int cmdSn = 100;
    int nextItt = 1;
    long isid = 0x800000000001L;

    Initiator(String name, int portalTag) {
      this.name = name;
      connection = new Connection(core, portal(portalTag), this);
    }

    @Override
    public ByteBuffer reserve(int bytes) {
      if (out.remaining() < bytes) {
        if (out.position() > 64 << 20) {
          throw new IllegalStateException("the test never looks at the answers");
        }
        out = ByteBuffer.allocate(2 * out.capacity() + bytes).put(out.flip());
      }
      return out;
    }

    @Override
    public void post(Runnable action) {
      posted.add(action);
    }

    @Override
    public void shut(String why) {
      shut = true;
      connection.dispose();
    }

    @Override
    public void beat() {}

    @Override
    public void beatEnds() {}

    @Override
    public void volumeBegins() {}

    @Override
    public void volumeEnds() {}

    @Override
    public String remoteAddress() {
      return "127.0.0.1:1";
    }

    @Override
    public String localHost() {
      return "127.0.0.1";
    }

    // ---- Sending ------------------------------------------------------------------------------

    ByteBuffer pdu(int opcode, int flags, byte[] data) {
      int pad = Pdu.padded(data.length);
      ByteBuffer pdu =
          ByteBuffer.allocate(48 + (headerDigest ? 4 : 0) + pad + (dataDigest && pad > 0 ? 4 : 0));
      pdu.put(0, (byte) opcode).put(1, (byte) flags);
      pdu.putInt(4, data.length);
      pdu.put(48 + (headerDigest ? 4 : 0), data);
      return pdu;
    }

    /** Puts digests into the finished PDU and hands it over. */
    void send(ByteBuffer pdu) {
      int data = pdu.getInt(4) & 0xFFFFFF;
      if (headerDigest) {
        pdu.order(java.nio.ByteOrder.LITTLE_ENDIAN).putInt(48, crc(pdu, 0, 48));
      }
      if (dataDigest && data > 0) {
        int at = 48 + (headerDigest ? 4 : 0);
        pdu.order(java.nio.ByteOrder.LITTLE_ENDIAN)
            .putInt(at + Pdu.padded(data), crc(pdu, at, Pdu.padded(data)));
      }
      feed(pdu.order(java.nio.ByteOrder.BIG_ENDIAN));
    }

    void feed(ByteBuffer bytes) {
      connection.feed(bytes, System.nanoTime());
      for (Runnable action = posted.poll(); action != null; action = posted.poll()) {
        action.run();
      }
    }

    private static int crc(ByteBuffer bytes, int from, int length) {
      CRC32C crc = new CRC32C();
      crc.update(bytes.slice(from, length));
      return (int) crc.getValue();
    }

    void login(int flags, String... pairs) {
      loginText(flags, String.join("\0", pairs).concat("\0"));
    }

    void loginText(int flags, String text) {
      byte[] data = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
      ByteBuffer pdu = pdu(0x40 | Pdu.LOGIN, flags, data);
      pdu.putLong(8, isid << 16);
      pdu.putInt(16, 0x77).putInt(24, cmdSn);
      send(pdu);
    }

    /** Logs in without authentication, with more keys if given. */
    Initiator ready(String... more) {
      List<String> pairs =
          new ArrayList<>(
              List.of(
                  "InitiatorName=" + name,
                  "TargetName=" + IQN,
                  "MaxRecvDataSegmentLength=65536",
                  "InitialR2T=No",
                  "ImmediateData=Yes",
                  "FirstBurstLength=8192",
                  "MaxBurstLength=16384"));
      pairs.addAll(List.of(more));
      login(0x87, pairs.toArray(String[]::new));
      Answer answer = one();
      if (answer.loginStatus() != 0) {
        throw new IllegalStateException("login status " + answer.loginStatus());
      }
      headerDigest = pairs.contains("HeaderDigest=CRC32C");
      dataDigest = pairs.contains("DataDigest=CRC32C");
      return this;
    }

    /** Takes the unit attentions of the new nexus away. */
    Initiator calm() {
      for (int lun = 0; lun < 2; lun++) {
        for (int i = 0; i < 3; i++) {
          command(lun, 0, 0, new byte[0], 0);
          all();
        }
      }
      return this;
    }

    /** A SCSI command with all of its data immediate; answers its tag. */
    int command(int lun, int flags, int edtl, byte[] data, int... cdb) {
      ByteBuffer pdu = scsi(lun, flags | Pdu.FINAL, edtl, data, cdb);
      send(pdu);
      return pdu.getInt(16);
    }

    ByteBuffer scsi(int lun, int flags, int edtl, byte[] data, int... cdb) {
      ByteBuffer pdu = pdu(Pdu.SCSI_COMMAND, flags, data);
      pdu.put(9, (byte) lun).putInt(16, nextItt++).putInt(20, edtl).putInt(24, cmdSn++);
      for (int i = 0; i < cdb.length; i++) {
        pdu.put(32 + i, (byte) cdb[i]);
      }
      return pdu;
    }

    int read(int lba, int blocks) {
      return command(0, 0x40, blocks * BLOCK, new byte[0], read10(lba, blocks));
    }

    int write(int lba, byte[] data) {
      return command(0, 0x20, data.length, data, write10(lba, data.length / BLOCK));
    }

    void dataOut(int itt, int ttt, int dataSn, int offset, boolean last, byte[] data) {
      ByteBuffer pdu = pdu(Pdu.DATA_OUT, last ? Pdu.FINAL : 0, data);
      pdu.putInt(16, itt).putInt(20, ttt).putInt(36, dataSn).putInt(40, offset);
      send(pdu);
    }

    void nop(int itt) {
      ByteBuffer pdu = pdu(0x40 | Pdu.NOP_OUT, Pdu.FINAL, new byte[] {1, 2, 3, 4, 5});
      pdu.putInt(16, itt).putInt(20, Pdu.NO_TAG).putInt(24, cmdSn);
      send(pdu);
    }

    void manage(int function, int lun, int referenced) {
      ByteBuffer pdu = pdu(0x40 | Pdu.TASK_MANAGEMENT, Pdu.FINAL | function, new byte[0]);
      pdu.put(9, (byte) lun).putInt(16, 0x5555).putInt(20, referenced).putInt(24, cmdSn);
      send(pdu);
    }

    // ---- Receiving ----------------------------------------------------------------------------

    /** All that came since the last time, with digests checked. */
    List<Answer> all() {
      for (Runnable action = posted.poll(); action != null; action = posted.poll()) {
        action.run();
      }
      List<Answer> answers = new ArrayList<>();
      out.flip();
      while (out.hasRemaining()) {
        answers.add(next());
      }
      out.clear();
      return answers;
    }

    private Answer next() {
      int at = out.position();
      int data = out.getInt(at + 4) & 0xFFFFFF;
      int dataAt = at + 48 + (headerDigest ? 4 : 0);
      int end = dataAt + Pdu.padded(data) + (dataDigest && data > 0 ? 4 : 0);
      out.order(java.nio.ByteOrder.LITTLE_ENDIAN);
      if (headerDigest && out.getInt(at + 48) != crc(out, at, 48)
          || dataDigest && data > 0 && out.getInt(end - 4) != crc(out, dataAt, Pdu.padded(data))) {
        throw new IllegalStateException("a digest of the target is wrong");
      }
      out.order(java.nio.ByteOrder.BIG_ENDIAN);
      out.position(end);
      return new Answer(copy(at, 48), copy(dataAt, data));
    }

    private ByteBuffer copy(int at, int bytes) {
      byte[] copy = new byte[bytes];
      out.get(at, copy);
      return ByteBuffer.wrap(copy);
    }

    Answer one() {
      List<Answer> answers = all();
      if (answers.size() != 1) {
        throw new IllegalStateException(answers.size() + " answers instead of one");
      }
      return answers.getFirst();
    }

    int inFlight() {
      Session session = connection.session();
      return session == null ? 0 : session.inFlight();
    }

    @Nullable Session session() {
      return connection.session();
    }
  }

  Initiator initiator() {
    return new Initiator(HOST, 3);
  }

  static int[] read10(int lba, int blocks) {
    return new int[] {0x28, 0, 0, 0, lba >> 8, lba & 0xFF, 0, blocks >> 8, blocks & 0xFF, 0};
  }

  static int[] write10(int lba, int blocks) {
    return new int[] {0x2A, 0, 0, 0, lba >> 8, lba & 0xFF, 0, blocks >> 8, blocks & 0xFF, 0};
  }

  static byte[] bytes(int count, int seed) {
    byte[] bytes = new byte[count];
    new java.util.Random(seed).nextBytes(bytes);
    return bytes;
  }
}
