package io.bascule.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** EXTENDED COPY between two units, of which a poor host sees the second only. */
final class CopyTest {
  private static final long SEED = Long.getLong("bascule.check.seed", 1);
  private static final int LARGE_BYTES = 16 << 20;

  @TempDir Path directory;
  private Lab lab;
  private FileVolume large;
  private Lab.Initiator host;

  @BeforeEach
  void open() throws IOException {
    lab = new Lab(directory);
    large = new FileVolume(directory.resolve("large"), LARGE_BYTES);
    show(Optional.empty());
    host = lab.initiator().ready().calm();
  }

  @AfterEach
  void close() {
    lab.close();
    large.close();
  }

  private void show(Optional<Set<Integer>> luns) {
    lab.core.show(
        new TargetView(
            List.of(
                new Lun(0, "zero", lab.volume.uuid(), 1 << 20, Optional.of(lab.volume)),
                new Lun(1, "one", large.uuid(), LARGE_BYTES, Optional.of(large))),
            List.of(
                new Host("host", Lab.HOST, Optional.empty(), luns),
                new Host("poor", Lab.POOR_HOST, Optional.empty(), Optional.of(Set.of(1)))),
            Map.of(3, AccessState.ACTIVE_OPTIMIZED),
            List.of(Lab.portal(3))));
  }

  /** A list as a host makes it. */
  private static final class Request {
    private final List<byte[]> targets = new ArrayList<>();
    private final List<byte[]> segments = new ArrayList<>();
    private int id = 7;
    private int usage = 2;

    Request id(int value) {
      id = value;
      return this;
    }

    Request usage(int value) {
      usage = value;
      return this;
    }

    Request target(FileVolume volume) {
      return target(LogicalUnit.naa(volume.uuid()), 0);
    }

    Request target(long naa, int deviceType) {
      ByteBuffer target = ByteBuffer.allocate(32).put((byte) 0xE4).put((byte) deviceType);
      target.put(4, (byte) 1).put(5, (byte) 3).put(7, (byte) 8).putLong(8, naa).putInt(28, 512);
      targets.add(target.array());
      return this;
    }

    Request segment(int from, int to, long fromLba, long toLba, int blocks) {
      ByteBuffer segment = ByteBuffer.allocate(28).put((byte) 2).put(3, (byte) 24);
      segment.putShort(4, (short) from).putShort(6, (short) to).putShort(10, (short) blocks);
      segments.add(segment.putLong(12, fromLba).putLong(20, toLba).array());
      return this;
    }

    byte[] bytes() {
      int targetBytes = targets.stream().mapToInt(each -> each.length).sum();
      int segmentBytes = segments.stream().mapToInt(each -> each.length).sum();
      ByteBuffer list = ByteBuffer.allocate(16 + targetBytes + segmentBytes);
      list.put((byte) id).put((byte) (usage << 3)).putShort((short) targetBytes).putInt(0);
      list.putInt(segmentBytes).putInt(0);
      targets.forEach(list::put);
      segments.forEach(list::put);
      return list.array();
    }
  }

  private int send(Lab.Initiator from, byte[] list) {
    int[] cdb = new int[16];
    cdb[0] = 0x83;
    cdb[12] = list.length >> 8;
    cdb[13] = list.length & 0xFF;
    return from.command(1, 0x20, list.length, list, cdb);
  }

  private Lab.Answer copy(Request request) {
    return copy(request.bytes());
  }

  private Lab.Answer copy(byte[] list) {
    int unused = send(host, list);
    lab.settle();
    while (host.inFlight() > 0) {
      host.nop(1); // what came back from the pool goes on
      lab.settle();
    }
    return host.all().stream().filter(each -> each.opcode() == Pdu.SCSI_RESPONSE).findAny().get();
  }

  private Lab.Answer receive(int action, int id) {
    host.command(1, 0x40, 255, new byte[0], 0x84, action, id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255);
    return host.one();
  }

  /** The next turn, in a thread of its own that is in its first write until this is closed. */
  private final class HeldTurn implements AutoCloseable {
    private final FileVolume to;
    private final Thread thread;

    HeldTurn(FileVolume to) {
      this.to = to;
      long before = to.writesBegun.get();
      to.writesHeld.lock();
      thread = Thread.ofPlatform().start(Objects.requireNonNull(lab.slow.poll()));
      while (to.writesBegun.get() == before && thread.isAlive()) {
        Thread.onSpinWait();
      }
    }

    @Override
    public void close() throws InterruptedException {
      to.writesHeld.unlock();
      thread.join();
    }
  }

  private static byte[] content(FileVolume volume, long offset, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    volume.read(offset, buffer);
    return buffer.array();
  }

  private static byte[] fill(FileVolume volume, int bytes, int seed) {
    byte[] data = Lab.bytes(bytes, seed);
    volume.write(0, ByteBuffer.wrap(data), false);
    return data;
  }

  @Test
  void shouldCopySegmentsFromUnitToUnitAndTellOfIt() {
    byte[] data = fill(lab.volume, 1 << 20, 1);
    Request request = new Request().target(lab.volume).target(large).segment(0, 1, 3, 1000, 1500);
    request.segment(0, 1, 0, 5000, 0).segment(1, 0, 1001, 0, 7);
    assertThat(copy(request).status()).isZero();
    assertThat(content(large, 1000 * 512, 1500 * 512))
        .isEqualTo(Arrays.copyOfRange(data, 3 * 512, 1503 * 512));
    assertThat(content(lab.volume, 0, 7 * 512))
        .isEqualTo(Arrays.copyOfRange(data, 4 * 512, 11 * 512));

    ByteBuffer status = ByteBuffer.wrap(receive(0, 7).payload());
    assertThat(status.remaining()).isEqualTo(12);
    assertThat(status.getInt(0)).isEqualTo(8);
    assertThat(status.get(4)).as("done, nothing held").isEqualTo((byte) 0x81);
    assertThat(status.getShort(5)).as("segments").isEqualTo((short) 3);
    assertThat(status.get(7)).as("bytes").isZero();
    assertThat(status.getInt(8)).isEqualTo(1507 * 512);
    assertThat(receive(4, 7).payload()).as("no failure").isEqualTo(new byte[4]);
    assertThat(receive(0, 8).sense()).isEqualTo(0x052400);
    Lab.Answer unknown = receive(4, 8);
    assertThat(unknown.sense()).isEqualTo(0x052400);
    assertThat(unknown.field()).isEqualTo(2);
  }

  @Test
  void shouldCopyInTurnsWhileOthersWork() {
    byte[] data = fill(large, LARGE_BYTES / 2, 2);
    Request request = new Request().target(large).segment(0, 0, 0, LARGE_BYTES / 1024, 16_384);
    int itt = send(host, request.bytes());
    assertThat(lab.slow).hasSize(1);
    Objects.requireNonNull(lab.slow.poll()).run();
    assertThat(host.all()).as("not through").isEmpty();
    ByteBuffer status = ByteBuffer.wrap(receive(0, 7).payload());
    assertThat(status.get(4)).as("under way").isEqualTo((byte) 0x80);
    assertThat(status.getInt(8)).isEqualTo(Copy.TURN_BYTES);
    host.read(0, 1);
    assertThat(host.one().opcode()).isEqualTo(Pdu.DATA_IN);

    int second = send(host, request.bytes());
    Lab.Answer refused = host.one();
    assertThat(refused.itt()).isEqualTo(second);
    assertThat(refused.sense()).as("the identifier is in use").isEqualTo(0x050016);

    lab.settle();
    Lab.Answer answer = host.one();
    assertThat(answer.itt()).isEqualTo(itt);
    assertThat(answer.status()).isZero();
    assertThat(content(large, LARGE_BYTES / 2, LARGE_BYTES / 2)).isEqualTo(data);
  }

  @Test
  void shouldBeAbortedBetweenTurns() {
    fill(large, LARGE_BYTES / 2, 3);
    Request request = new Request().target(large).segment(0, 0, 0, LARGE_BYTES / 1024, 16_384);
    int itt = send(host, request.bytes());
    Objects.requireNonNull(lab.slow.poll()).run();
    host.all();
    host.manage(1, 1, itt);
    assertThat(host.one().opcode()).as("at once").isEqualTo(Pdu.TASK_MANAGEMENT_RESPONSE);
    lab.settle();
    assertThat(host.all()).isEmpty();
    assertThat(host.inFlight()).isZero();
    assertThat(receive(0, 7).sense()).as("there is no such copy").isEqualTo(0x052400);
    assertThat(content(large, LARGE_BYTES / 2 + Copy.TURN_BYTES, 512)).containsOnly(0);
    assertThat(copy(request).status()).as("its identifier is free").isZero();
  }

  @Test
  void shouldBeAbortedInATurn() throws InterruptedException {
    fill(large, LARGE_BYTES / 2, 3);
    Request request = new Request().target(large).segment(0, 0, 0, LARGE_BYTES / 1024, 16_384);
    int itt = send(host, request.bytes());
    try (var unused = new HeldTurn(large)) {
      host.manage(1, 1, itt);
      assertThat(host.all()).as("the pool has it").isEmpty();
      Session session = Objects.requireNonNull(host.session());
      assertThat(session.inPool()).isTrue();
    }
    assertThat(host.one().opcode()).isEqualTo(Pdu.TASK_MANAGEMENT_RESPONSE);
    assertThat(host.inFlight()).isZero();
    assertThat(content(large, LARGE_BYTES / 2 + SlowWork.COLD_BYTES, 512)).containsOnly(0);
  }

  @Test
  void shouldStayUnansweredWhenTheTargetIsDrained() {
    Request request = new Request().target(large).segment(0, 0, 0, LARGE_BYTES / 1024, 16_384);
    int unused = send(host, request.bytes());
    Objects.requireNonNull(lab.slow.poll()).run();
    host.all();
    lab.core.draining = true;
    lab.settle();
    assertThat(host.all()).isEmpty();
    Session session = Objects.requireNonNull(host.session());
    assertThat(session.hasSlowWork()).as("the handover need not wait").isFalse();
    assertThat(host.inFlight()).isEqualTo(1);
  }

  @Test
  void shouldCopyRangesThatOverlap() {
    for (int toLba : new int[] {700, 1300}) {
      byte[] data = fill(large, 4 << 20, 4);
      Request request = new Request().target(large).segment(0, 0, 1000, toLba, 5000);
      assertThat(copy(request).status()).isZero();
      assertThat(content(large, toLba * 512L, 5000 * 512))
          .isEqualTo(Arrays.copyOfRange(data, 1000 * 512, 6000 * 512));
    }
  }

  @Test
  void shouldLeaveThinWhatIsThin() {
    fill(large, 1 << 20, 5);
    lab.volume.write(1 << 19, ByteBuffer.wrap(Lab.bytes(512, 6)), false);
    Request request = new Request().target(lab.volume).target(large).segment(0, 1, 0, 0, 2048);
    assertThat(copy(request).status()).isZero();
    assertThat(content(large, 0, 1 << 20)).isEqualTo(content(lab.volume, 0, 1 << 20));
    assertThat(large.trims.get()).as("pieces of zeros").isEqualTo(3);
  }

  @Test
  void shouldNotReachWhatTheHostDoesNotSee() {
    Lab.Initiator poor = lab.new Initiator(Lab.POOR_HOST, 3).ready();
    poor.calm();
    byte[] secret = fill(lab.volume, 512, 7);
    byte[] open = fill(large, 512, 8);
    for (int[] way : new int[][] {{0, 1}, {1, 0}, {0, 0}}) {
      Request request = new Request().target(lab.volume).target(large);
      int unused = send(poor, request.segment(way[0], way[1], 0, 0, 1).bytes());
      assertThat(poor.one().sense()).isEqualTo(0x0A0D02);
      assertThat(lab.slow).isEmpty();
    }
    assertThat(content(lab.volume, 0, 512)).isEqualTo(secret);
    assertThat(content(large, 0, 512)).isEqualTo(open);
  }

  @Test
  void shouldNotGoOnWithAUnitThatIsGone() {
    Request request = new Request().target(large).target(lab.volume);
    request.segment(0, 1, 0, 0, 1).segment(0, 1, 1, 1, 1);
    int unused = send(host, request.bytes());
    show(Optional.of(Set.of(1)));
    host.nop(1);
    host.command(1, 0, 0, new byte[0], 0); // the model is looked at with a command
    host.all();
    lab.settle();
    Lab.Answer failed = host.one();
    assertThat(failed.sense()).isEqualTo(0x0A0D02);
    assertThat(failed.data().getInt(10)).as("segment").isEqualTo(1);
    ByteBuffer details = ByteBuffer.wrap(receive(4, 7).payload());
    assertThat(details.getInt(0)).isEqualTo(details.limit() - 4);
    assertThat(details.get(56)).as("CHECK CONDITION").isEqualTo((byte) 2);
    assertThat(details.getShort(58)).isEqualTo((short) 18);
    assertThat(details.get(62)).isEqualTo((byte) 0xA);
    assertThat(details.getInt(68)).as("segment").isEqualTo(1);
    assertThat(details.getShort(72)).isEqualTo((short) 0x0D02);
    ByteBuffer status = ByteBuffer.wrap(receive(0, 7).payload());
    assertThat(status.get(4)).as("with errors").isEqualTo((byte) 0x82);
    assertThat(status.getShort(5)).isEqualTo((short) 1);
  }

  @Test
  void shouldEndSoonInALongSegmentWhoseUnitIsTaken() {
    fill(large, LARGE_BYTES / 2, 10);
    Request request = new Request().target(large);
    int unused = send(host, request.segment(0, 0, 0, LARGE_BYTES / 1024, 16_384).bytes());
    show(Optional.of(Set.of(0)));
    host.command(0, 0, 0, new byte[0], 0); // the model is looked at with a command
    host.all();
    lab.settle();
    assertThat(host.one().sense()).isEqualTo(0x0A0D02);
    long turn = LARGE_BYTES / 2 + Copy.TURN_BYTES;
    assertThat(content(large, turn, LARGE_BYTES / 2 - Copy.TURN_BYTES)).containsOnly(0);
  }

  @Test
  void shouldNotWriteToAProtectedUnit() {
    byte[] page = {0, 0, 0, 0, 0x0A, 0x0A, 0, 0x10, 8, 0, 0, 0, 0, 0, 0, 0};
    host.command(0, 0x20, 16, page, 0x15, 0x10, 0, 0, 16);
    lab.settle();
    assertThat(host.one().status()).isZero();
    Request request = new Request().target(lab.volume).target(large);
    assertThat(copy(request.segment(1, 0, 0, 0, 1)).sense()).isEqualTo(0x0A0D01);
    Request from = new Request().target(lab.volume).target(large);
    assertThat(copy(from.segment(0, 1, 0, 0, 1)).status()).as("reading it").isZero();
  }

  @Test
  void shouldRespectTheReservationsOfWhatItCopies() {
    Lab.Initiator other = lab.initiator();
    other.isid++;
    other.ready().calm();
    other.command(0, 0, 0, new byte[0], 0x16);
    lab.settle();
    assertThat(other.one().status()).isZero();
    for (int[] way : new int[][] {{0, 1}, {1, 0}}) {
      Request request = new Request().target(lab.volume).target(large);
      assertThat(copy(request.segment(way[0], way[1], 0, 0, 1)).sense()).isEqualTo(0x0A0D01);
    }
    other.command(0, 0, 0, new byte[0], 0x17);
    lab.settle();
    assertThat(other.one().status()).isZero();
    Request request = new Request().target(lab.volume).target(large);
    assertThat(copy(request.segment(1, 0, 0, 0, 1)).status()).isZero();
  }

  /**
   * Who preempts a host at a volume need not know by way of which unit it copies to that. The
   * command at the other unit has an answer all the same.
   */
  @Test
  void shouldEndWhereItsHostIsPreempted() throws InterruptedException {
    fill(large, LARGE_BYTES / 2, 3);
    Request request = new Request().target(large).target(lab.volume);
    int itt =
        send(host, request.segment(0, 1, 0, 0, 2048).bytes()); // it is for the unit of the source
    boolean[] ended = new boolean[1];
    Session session = Objects.requireNonNull(host.session());
    try (var unused = new HeldTurn(lab.volume)) {
      session.taskManagement().abort(lab.volume.uuid(), new Task(), () -> ended[0] = true);
      assertThat(host.all()).isEmpty();
      assertThat(ended[0]).as("the pool has it").isFalse();
    }
    Lab.Answer failed = host.one();
    assertThat(failed.itt()).isEqualTo(itt);
    assertThat(failed.sense()).isEqualTo(0x0A0D01);
    assertThat(ended[0]).isTrue();
    assertThat(host.inFlight()).isZero();
    assertThat(content(lab.volume, SlowWork.COLD_BYTES, 512)).containsOnly(0);
  }

  @Test
  void shouldLetAllKnowOfItsEndWhoPreemptedOrAbortedIt() throws InterruptedException {
    fill(large, LARGE_BYTES / 2, 3);
    Request request = new Request().target(large).target(lab.volume);
    int itt = send(host, request.segment(0, 1, 0, 0, 2048).bytes());
    int[] ended = new int[1];
    Session session = Objects.requireNonNull(host.session());
    try (var unused = new HeldTurn(lab.volume)) {
      for (int i = 0; i < 2; i++) {
        session.taskManagement().abort(lab.volume.uuid(), new Task(), () -> ended[0]++);
      }
      host.manage(1, 1, itt);
      assertThat(host.all()).isEmpty();
    }
    assertThat(host.one().opcode()).as("it alone").isEqualTo(Pdu.TASK_MANAGEMENT_RESPONSE);
    assertThat(ended[0]).isEqualTo(2);
  }

  @Test
  void shouldEndAtOnceWhereItsHostIsPreemptedWhileItWaits() {
    crowd();
    Request request = new Request().id(200).target(large).target(lab.volume);
    int itt = send(host, request.segment(0, 1, 0, 0, 2048).bytes());
    boolean[] ended = new boolean[1];
    Session session = Objects.requireNonNull(host.session());
    session.taskManagement().abort(lab.volume.uuid(), new Task(), () -> ended[0] = true);
    Lab.Answer failed = host.one();
    assertThat(failed.itt()).isEqualTo(itt);
    assertThat(failed.sense()).isEqualTo(0x0A0D01);
    assertThat(ended[0]).isTrue();
  }

  // ---- Many at once -----------------------------------------------------------------------------

  /** As many copies as the pool has for copies, and some that wait. */
  private void crowd() {
    for (int i = 0; i < 2 * lanes(); i++) {
      Request request = new Request().id(i).target(large);
      int unused = send(host, request.segment(0, 0, 0, LARGE_BYTES / 1024, 16_384).bytes());
    }
    host.all();
  }

  private int lanes() {
    return lab.core.settings.slowThreads() / 2;
  }

  @Test
  void shouldLeaveHalfOfThePoolToOthers() {
    byte[] data = fill(large, LARGE_BYTES / 2, 9);
    crowd();
    assertThat(lab.slow).hasSize(lanes());
    Lab.Initiator other = lab.initiator();
    other.isid++;
    other.ready().calm();
    other.command(0, 0, 0, new byte[0], 0x35); // SYNCHRONIZE CACHE
    for (int i = 0; i < lanes() + 1; i++) {
      Objects.requireNonNull(lab.slow.poll()).run();
    }
    assertThat(other.one().status()).as("after one turn of each").isZero();
    assertThat(lab.slow).hasSize(lanes());
    while (host.inFlight() > 0) {
      lab.settle();
      host.all().forEach(each -> assertThat(each.status()).isZero());
    }
    assertThat(content(large, LARGE_BYTES / 2, LARGE_BYTES / 2)).isEqualTo(data);
  }

  @Test
  void shouldBeAbortedAtOnceWhileItWaitsForATurn() {
    crowd();
    Request request = new Request().id(200).target(large);
    int itt = send(host, request.segment(0, 0, 0, 9, 1).bytes());
    host.manage(1, 1, itt);
    assertThat(host.one().opcode()).isEqualTo(Pdu.TASK_MANAGEMENT_RESPONSE);
    assertThat(host.inFlight()).isEqualTo(2 * lanes());
    assertThat(receive(0, 200).sense()).isEqualTo(0x052400);
  }

  @Test
  void shouldNotHoldUpTheEndOfItsSession() {
    fill(large, LARGE_BYTES / 2, 9);
    crowd();
    Session session = Objects.requireNonNull(host.session());
    host.shut("the test wants it");
    assertThat(session.isOver()).as("those that waited are gone").isTrue();
    lab.settle();
    assertThat(content(large, LARGE_BYTES / 2, 512)).containsOnly(0);
  }

  /** TASK SET FULL says that nothing was done: that is true before the first turn only. */
  @Test
  void shouldTellAFullPoolTruly() {
    Request request = new Request().target(large).segment(0, 0, 0, LARGE_BYTES / 1024, 16_384);
    lab.full = true;
    Lab.Answer refused = copy(request);
    assertThat(refused.status()).isEqualTo(Answers.TASK_SET_FULL);
    assertThat(receive(0, 7).sense()).as("there is no such copy").isEqualTo(0x052400);
    lab.full = false;
    int unused = send(host, request.bytes());
    Objects.requireNonNull(lab.slow.poll()).run();
    lab.full = true;
    assertThat(host.one().sense()).isEqualTo(0x0A0000);
    ByteBuffer status = ByteBuffer.wrap(receive(0, 7).payload());
    assertThat(status.get(4)).as("with errors").isEqualTo((byte) 0x82);
    assertThat(status.getInt(8)).isEqualTo(Copy.TURN_BYTES);
  }

  /** What waits goes on in the threads that copies have, where the pool takes no more. */
  @Test
  void shouldGoOnWhileThePoolIsFull() {
    for (int i = 0; i < 2 * lanes(); i++) {
      int unused = send(host, new Request().id(i).target(large).segment(0, 0, 0, 9, 1).bytes());
    }
    lab.full = true;
    lab.settle();
    assertThat(host.all())
        .hasSize(2 * lanes())
        .allSatisfy(each -> assertThat(each.status()).isZero());
  }

  @Test
  void shouldNotTakeAnotherCommandForACopyThatWasAborted() {
    Request request = new Request().target(large).segment(0, 0, 0, LARGE_BYTES / 1024, 16_384);
    int itt = send(host, request.bytes());
    host.manage(1, 1, itt);
    lab.settle();
    assertThat(host.one().opcode()).isEqualTo(Pdu.TASK_MANAGEMENT_RESPONSE);
    int next = host.nextItt;
    host.nextItt = itt; // as hosts do, whose tags are few
    host.command(0, 0, 0, new byte[0], 0x35);
    host.nextItt = next;
    assertThat(receive(0, 7).sense()).as("there is no such copy").isEqualTo(0x052400);
    lab.settle();
  }

  @Test
  void shouldTellAFailureOfTheStoreAsOneOfTheCopy() {
    Request request = new Request().target(large).target(lab.volume).segment(0, 1, 0, 0, 1);
    lab.volume.close();
    assertThat(copy(request).sense()).isEqualTo(0x0A0D01);
  }

  @Test
  void shouldRefuseWhatItCannotFollow() {
    Request plain = new Request().target(large).segment(0, 0, 0, 9, 1);
    byte[] good = plain.bytes();
    record Case(String why, byte[] list, int sense) {}
    List<Case> cases = new ArrayList<>();
    cases.add(new Case("no header", new byte[15], 0x051A00));
    cases.add(new Case("cut in a target", Arrays.copyOf(good, 16 + 31), 0x051A00));
    cases.add(new Case("cut in a segment", Arrays.copyOf(good, good.length - 1), 0x051A00));
    cases.add(new Case("reserved use", plain.usage(1).bytes(), 0x052600));
    cases.add(new Case("an unused identifier", plain.usage(3).bytes(), 0x052600));
    plain.usage(2);
    cases.add(new Case("inline data", with(good, 15, 1), 0x05260B));
    cases.add(new Case("half a target", with(good, 3, 31), 0x052600));
    cases.add(new Case("a target that is none", with(good, 16, 0xE0), 0x052607));
    cases.add(new Case("another block length", with(good, 16 + 30, 4), 0x052600));
    cases.add(new Case("stream to stream", with(good, 48, 3), 0x052609));
    cases.add(new Case("a long segment", with(good, 51, 25), 0x052600));
    cases.add(new Case("no such target", with(good, 55, 1), 0x0A0804));
    cases.add(new Case("a target of another name", with(good, 24, 0), 0x0A0D02));
    cases.add(new Case("a target of the port", with(good, 21, 0x13), 0x0A0D02));
    cases.add(new Case("a null device", with(good, 17, 0x20), 0x0A0804));
    cases.add(new Case("a tape", with(good, 17, 1), 0x0A0D03));
    cases.add(new Case("from beyond the end", with(good, 60, 1), 0x0A0000));
    cases.add(new Case("to beyond the end", with(good, 68, 0xFF), 0x0A0000));
    Request targets = new Request().segment(0, 0, 0, 9, 1);
    Request segments = new Request().target(large);
    for (int i = 0; i <= CopyList.MAX_TARGETS; i++) {
      targets.target(large);
    }
    for (int i = 0; i <= CopyList.MAX_SEGMENTS; i++) {
      segments.segment(0, 0, 0, 9, 1);
    }
    cases.add(new Case("too many targets", targets.bytes(), 0x052606));
    cases.add(new Case("too many segments", segments.bytes(), 0x052608));
    cases.add(new Case("too long a list", new byte[CopyList.MAX_BYTES + 1], 0x051A00));
    for (Case each : cases) {
      assertThat(copy(each.list()).sense()).as(each.why()).isEqualTo(each.sense());
    }
    assertThat(copy(new byte[0]).status()).as("no list at all").isZero();
    assertThat(copy(new Request()).status()).as("nothing to copy").isZero();
    assertThat(copy(plain.id(0).usage(3)).status()).as("without an identifier").isZero();
  }

  private static byte[] with(byte[] list, int at, int value) {
    byte[] changed = list.clone();
    changed[at] = (byte) value;
    return changed;
  }

  /** Whatever comes is refused, or has no more than the limits allow. */
  @Test
  void shouldSurviveAnyList() {
    Random random = new Random(SEED);
    Request request = new Request().target(large).target(lab.volume);
    byte[] good = request.segment(0, 1, 1, 2, 3).segment(1, 0, 4, 5, 6).bytes();
    int taken = 0;
    for (int i = 0; i < 50_000; i++) {
      byte[] list = Arrays.copyOf(good, random.nextInt(4) > 0 ? good.length : random.nextInt(200));
      for (int flips = random.nextInt(4); flips > 0 && list.length > 0; flips--) {
        list[random.nextInt(list.length)] ^= (byte) (1 << random.nextInt(8));
      }
      try {
        CopyList parsed = CopyList.parse(ByteBuffer.wrap(list));
        assertThat(parsed.id()).as("seed %d", SEED).isBetween(-1, 255);
        assertThat(parsed.targets()).hasSizeLessThanOrEqualTo(CopyList.MAX_TARGETS);
        assertThat(parsed.segments()).hasSizeLessThanOrEqualTo(CopyList.MAX_SEGMENTS);
        taken++;
      } catch (RefusedListException e) {
        assertThat(e.at).as("seed %d", SEED).isBetween(-1, Math.max(list.length - 1, 0));
      }
    }
    assertThat(taken).isPositive();
  }
}
