package io.bascule.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SessionTest {
  private static final int GOOD = 0;
  private static final int CHECK_CONDITION = 2;
  private static final int BUSY = 8;
  private static final int TASK_SET_FULL = 0x28;

  @TempDir Path directory;
  private Lab lab;

  @BeforeEach
  void open() {
    lab = new Lab(directory);
  }

  @AfterEach
  void close() {
    lab.close();
  }

  private Lab.Initiator host() {
    return lab.initiator().ready().calm();
  }

  private static byte[] payload(List<Lab.Answer> answers) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    answers.forEach(answer -> all.writeBytes(answer.payload()));
    return all.toByteArray();
  }

  private byte[] readBack(Lab.Initiator host, int lba, int blocks) {
    host.read(lba, blocks);
    return payload(host.all());
  }

  // ---- Data to and fro ------------------------------------------------------------------------

  @Test
  void shouldWriteImmediateDataAndReadItBack() {
    Lab.Initiator host = host();
    byte[] data = Lab.bytes(8 * Lab.BLOCK, 1);
    host.write(3, data);
    assertThat(host.one().status()).isEqualTo(GOOD);

    host.read(3, 8);
    Lab.Answer answer = host.one();
    assertThat(answer.opcode()).isEqualTo(Pdu.DATA_IN);
    assertThat(answer.flags()).as("final, with status").isEqualTo(0x81);
    assertThat(answer.payload()).isEqualTo(data);
  }

  @Test
  void shouldTakeUnsolicitedDataThenAskForTheRestInBursts() {
    Lab.Initiator host = host();
    byte[] data = Lab.bytes(60 * Lab.BLOCK, 2);
    ByteBuffer command =
        host.scsi(0, 0x20, data.length, Arrays.copyOf(data, 1000), Lab.write10(0, 60));
    host.send(command);
    int itt = command.getInt(16);
    host.dataOut(itt, Pdu.NO_TAG, 0, 1000, false, Arrays.copyOfRange(data, 1000, 5000));
    assertThat(host.all()).isEmpty();
    host.dataOut(itt, Pdu.NO_TAG, 1, 5000, true, Arrays.copyOfRange(data, 5000, 8192));

    int at = 8192;
    for (int sn = 0; at < data.length; sn++) {
      Lab.Answer r2t = host.one();
      assertThat(r2t.opcode()).isEqualTo(Pdu.R2T);
      assertThat(r2t.bytes().getInt(36)).isEqualTo(sn);
      assertThat(r2t.bytes().getInt(40)).isEqualTo(at);
      int wanted = r2t.bytes().getInt(44);
      assertThat(wanted).isEqualTo(Math.min(16_384, data.length - at));
      int middle = at + 777;
      int ttt = r2t.bytes().getInt(20);
      host.dataOut(itt, ttt, 0, at, false, Arrays.copyOfRange(data, at, middle));
      host.dataOut(itt, ttt, 1, middle, true, Arrays.copyOfRange(data, middle, at + wanted));
      at += wanted;
    }
    assertThat(host.one().status()).isEqualTo(GOOD);
    assertThat(readBack(host, 0, 60)).isEqualTo(data);
  }

  @Test
  void shouldTakePdusHoweverTheyAreCut() {
    Lab.Initiator host = host();
    byte[] data = Lab.bytes(4 * Lab.BLOCK, 3);
    ByteBuffer whole = ByteBuffer.allocate(100_000);
    whole.put(host.scsi(0, 0xA0, data.length, data, Lab.write10(9, 4)));
    whole.put(host.scsi(0, 0xC0, data.length, new byte[0], Lab.read10(9, 4)));
    whole.flip();
    ByteBuffer in = ByteBuffer.allocate(100_000);
    while (whole.hasRemaining()) {
      int step = Math.min(61, whole.remaining());
      in.put(whole.slice(whole.position(), step));
      whole.position(whole.position() + step);
      in.flip();
      host.feed(in);
      in.compact();
    }
    List<Lab.Answer> answers = host.all();
    assertThat(answers).hasSize(2);
    assertThat(answers.get(1).payload()).isEqualTo(data);
  }

  @Test
  void shouldCutReadsAtSegmentsAndBursts() {
    Lab.Initiator host =
        lab.initiator().ready("DataSequenceInOrder=Yes", "MaxOutstandingR2T=1").calm();
    host.read(0, 100);
    List<Lab.Answer> answers = host.all();
    assertThat(answers).hasSize(4); // bursts of 16 KiB
    for (int i = 0; i < 4; i++) {
      assertThat(answers.get(i).bytes().getInt(36)).isEqualTo(i);
      assertThat(answers.get(i).bytes().getInt(40)).isEqualTo(i * 16_384);
      assertThat(answers.get(i).flags()).isEqualTo(i == 3 ? 0x81 : 0x80);
    }
  }

  @Test
  void shouldTellResiduals() {
    Lab.Initiator host = host();
    host.command(0, 0x40, 1024, new byte[0], Lab.read10(0, 1));
    Lab.Answer under = host.one();
    assertThat(under.flags() & 6).as("underflow").isEqualTo(2);
    assertThat(under.residual()).isEqualTo(512);

    host.command(0, 0x40, 256, new byte[0], Lab.read10(0, 1));
    Lab.Answer over = host.one();
    assertThat(over.flags() & 6).as("overflow").isEqualTo(4);
    assertThat(over.residual()).isEqualTo(256);
    assertThat(over.data().remaining()).isEqualTo(256);
  }

  @Test
  void shouldWriteOnlyWhatTheInitiatorAnnounced() {
    Lab.Initiator host = host();
    byte[] old = Lab.bytes(2 * Lab.BLOCK, 4);
    host.write(0, old);
    host.all();
    byte[] first = Lab.bytes(Lab.BLOCK, 5);
    host.command(0, 0x20, Lab.BLOCK, first, Lab.write10(0, 2));
    Lab.Answer answer = host.one();
    assertThat(answer.status()).isEqualTo(GOOD);
    assertThat(answer.flags() & 6).isEqualTo(4);
    assertThat(answer.residual()).isEqualTo(512);
    byte[] now = readBack(host, 0, 2);
    assertThat(Arrays.copyOf(now, 512)).isEqualTo(first);
    assertThat(Arrays.copyOfRange(now, 512, 1024)).isEqualTo(Arrays.copyOfRange(old, 512, 1024));
  }

  // ---- Data that is wrong ---------------------------------------------------------------------

  private Lab.Answer writeInTwo(Lab.Initiator host, int secondSn, int secondOffset) {
    byte[] data = Lab.bytes(4096, 6);
    ByteBuffer command = host.scsi(0, 0x20, 4096, new byte[0], Lab.write10(0, 8));
    host.send(command);
    int itt = command.getInt(16);
    host.dataOut(itt, Pdu.NO_TAG, 0, 0, false, Arrays.copyOf(data, 2048));
    host.dataOut(itt, Pdu.NO_TAG, secondSn, secondOffset, true, Arrays.copyOf(data, 2048));
    return host.one();
  }

  @Test
  void shouldNeverAnswerGoodToAWrongDataSn() {
    Lab.Initiator host = host();
    assertThat(writeInTwo(host, 1, 2048).status()).isEqualTo(GOOD);
    for (int wrong : new int[] {0, 2, 27, -1}) {
      Lab.Answer answer = writeInTwo(host, wrong, 2048);
      assertThat(answer.status()).isEqualTo(CHECK_CONDITION);
      assertThat(answer.sense()).isEqualTo(0x0B4B00);
    }
    assertThat(writeInTwo(host, 1, 1024).sense()).isEqualTo(0x0B4B00);
    assertThat(writeInTwo(host, 1, 4096).sense()).isEqualTo(0x0B4B00);
  }

  @Test
  void shouldRefuseLessThanItAskedFor() {
    Lab.Initiator host = host();
    int itt = host.command(0, 0x20, 16_384, new byte[0], Lab.write10(0, 32));
    int ttt = host.one().bytes().getInt(20);
    host.dataOut(itt, ttt, 0, 0, true, new byte[512]);
    assertThat(host.one().status()).isEqualTo(CHECK_CONDITION);
  }

  @Test
  void shouldRefuseDataThatWasNotAgreedUpon() {
    Lab.Initiator host = lab.initiator();
    host.login(0x87, "InitiatorName=" + Lab.HOST, "TargetName=" + Lab.IQN, "ImmediateData=No");
    host.all();
    host.calm();
    host.write(0, new byte[512]);
    assertThat(host.one().sense()).isEqualTo(0x0B0C0C);
  }

  @Test
  void shouldCloseOnDataNobodyAskedFor() {
    Lab.Initiator host = host();
    int itt = host.command(0, 0x20, 4096, new byte[0], Lab.write10(0, 8));
    assertThat(host.one().opcode()).isEqualTo(Pdu.R2T);
    host.dataOut(itt, 0x999999, 0, 0, true, new byte[4096]);
    assertThat(host.one().opcode()).isEqualTo(Pdu.REJECT);
    assertThat(host.connection.closing()).isTrue();
  }

  @Test
  void shouldAnswerAFailedWriteOnlyWhenItsDataIsThrough() {
    Lab.Initiator host = host();
    ByteBuffer command = host.scsi(0, 0x20, 1024, new byte[512], Lab.write10(0xFFFF, 2));
    host.send(command);
    assertThat(host.all()).isEmpty();
    host.dataOut(command.getInt(16), Pdu.NO_TAG, 0, 512, true, new byte[512]);
    assertThat(host.one().sense()).isEqualTo(0x052100);
    assertThat(host.connection.closing()).isFalse();
  }

  // ---- Order ----------------------------------------------------------------------------------

  @Test
  void shouldIgnoreCommandsOutsideTheWindow() {
    Lab.Initiator host = host();
    int expected = host.cmdSn;
    host.cmdSn = expected + CommandWindow.SIZE;
    host.read(0, 1);
    host.cmdSn = expected - 1;
    host.read(0, 1);
    assertThat(host.all()).isEmpty();
    host.cmdSn = expected;
    host.read(0, 1);
    Lab.Answer answer = host.one();
    assertThat(answer.bytes().getInt(28)).isEqualTo(expected + 1);
    assertThat(answer.maxCmdSn()).isEqualTo(expected + CommandWindow.SIZE);
  }

  @Test
  void shouldNarrowTheWindowWhileCommandsWait() {
    Lab.Initiator host = host();
    int first = host.cmdSn;
    for (int i = 0; i < CommandWindow.SIZE + 10; i++) {
      host.command(0, 0, 0, new byte[0], 0x35);
    }
    assertThat(lab.slow).hasSize(CommandWindow.SIZE);
    lab.settle();
    List<Lab.Answer> answers = host.all();
    assertThat(answers).hasSize(CommandWindow.SIZE);
    int max = first + CommandWindow.SIZE - 1;
    for (Lab.Answer answer : answers) {
      assertThat(answer.maxCmdSn()).isEqualTo(++max);
    }
  }

  @Test
  void shouldAnswerPingsAndReadsWhileAFlushTakesLong() {
    Lab.Initiator host = host();
    host.command(0, 0, 0, new byte[0], 0x35);
    host.nop(0x4242);
    host.read(0, 1);
    List<Lab.Answer> answers = host.all();
    assertThat(answers).hasSize(2);
    assertThat(answers.get(0).opcode()).isEqualTo(Pdu.NOP_IN);
    assertThat(answers.get(0).itt()).isEqualTo(0x4242);
    assertThat(answers.get(0).payload()).containsExactly(1, 2, 3, 4, 5);
    long before = lab.volume.flushes.get();
    lab.settle();
    assertThat(host.one().status()).isEqualTo(GOOD);
    assertThat(lab.volume.flushes.get()).isEqualTo(before + 1);
  }

  @Test
  void shouldMakeAFuaWriteDurableBeforeItAnswers() {
    Lab.Initiator host = host();
    int[] cdb = Lab.write10(0, 1);
    cdb[1] = 8;
    byte[] data = Lab.bytes(512, 7);
    host.command(0, 0x20, 512, data, cdb);
    assertThat(host.all()).isEmpty();
    assertThat(lab.volume.flushes.get()).isZero();
    lab.settle();
    assertThat(host.one().status()).isEqualTo(GOOD);
    assertThat(lab.volume.flushes.get()).isEqualTo(1);
    assertThat(readBack(host, 0, 1)).isEqualTo(data);
  }

  @Test
  void shouldReadColdBlocksInThePool() {
    Lab.Initiator host = host();
    byte[] data = Lab.bytes(16 * Lab.BLOCK, 8);
    host.write(0, data);
    host.all();
    for (int every = 1; every < 4; every++) {
      lab.volume.coldEvery = every;
      for (int i = 0; i < 20; i++) {
        host.read(0, 16);
      }
      List<Lab.Answer> answers = new ArrayList<>();
      do {
        lab.settle();
        answers.addAll(host.all());
      } while (!lab.slow.isEmpty());
      for (int i = 0; i < 20; i++) {
        int itt = host.nextItt - 20 + i;
        assertThat(payload(answers.stream().filter(each -> each.itt() == itt).toList()))
            .isEqualTo(data);
      }
    }
    assertThat(host.inFlight()).isZero();
  }

  @Test
  void shouldReadOnAfterThePoolWasFull() {
    Lab.Initiator host = host();
    lab.volume.coldEvery = 1;
    for (int i = 0; i < 8; i++) {
      host.read(i, 1);
    }
    host.read(8, 1);
    host.read(9, 1);
    lab.full = true;
    Runnable first = lab.slow.remove();
    first.run();
    assertThat(host.all())
        .extracting(Lab.Answer::status)
        .as("one read, two that waited and found the pool full")
        .containsExactly(GOOD, TASK_SET_FULL, TASK_SET_FULL);
    lab.settle();
    assertThat(host.all()).hasSize(7);
    for (int i = 0; i < 20; i++) {
      host.read(i, 1);
      assertThat(host.one().status()).isEqualTo(TASK_SET_FULL);
    }
    lab.full = false;
    host.read(0, 1);
    lab.settle();
    assertThat(host.one().status()).isEqualTo(GOOD);
    assertThat(host.inFlight()).isZero();
  }

  @Test
  void shouldHandTheBuffersOfColdReadsOn() {
    lab.volume.coldEvery = 1;
    for (int session = 0; session < 3; session++) {
      Lab.Initiator host = lab.initiator();
      host.isid += session;
      host.ready().calm();
      for (int i = 0; i < 20; i++) {
        host.read(i, 1);
      }
      while (!lab.slow.isEmpty()) {
        lab.settle();
        host.all();
      }
      assertThat(host.inFlight()).isZero();
    }
    assertThat(lab.coldBuffers).isEqualTo(8);
  }

  @Test
  void shouldReadWithWhatBuffersThereAre() {
    Lab.Initiator host = host();
    lab.volume.coldEvery = 1;
    lab.noMemory = true;
    host.read(0, 1);
    assertThat(host.one().status()).isEqualTo(TASK_SET_FULL);
    lab.noMemory = false;
    host.read(1, 1);
    lab.noMemory = true;
    host.read(2, 1);
    host.read(3, 1);
    for (int i = 1; i < 4; i++) {
      lab.settle();
      assertThat(host.one().status()).isEqualTo(GOOD);
    }
    assertThat(lab.coldBuffers).isEqualTo(1);
    assertThat(host.inFlight()).isZero();
  }

  // ---- Digests --------------------------------------------------------------------------------

  @Test
  void shouldCarryDigestsBothWays() {
    Lab.Initiator host = lab.initiator().ready("HeaderDigest=CRC32C", "DataDigest=CRC32C").calm();
    byte[] data = Lab.bytes(3 * Lab.BLOCK, 9);
    host.write(1, data);
    assertThat(host.one().status()).isEqualTo(GOOD);
    assertThat(readBack(host, 1, 3)).isEqualTo(data);
    host.nop(3);
    assertThat(host.one().payload()).hasSize(5);
  }

  @Test
  void shouldCloseOnAWrongDigest() {
    Lab.Initiator host = lab.initiator().ready("HeaderDigest=CRC32C", "DataDigest=CRC32C").calm();
    ByteBuffer good = host.scsi(0, 0xA0, 512, new byte[512], Lab.write10(0, 1));
    host.feed(good.duplicate()); // its digests are still zero
    assertThat(host.connection.closing()).isTrue();
    assertThat(host.all()).isEmpty();

    Lab.Initiator other = lab.initiator().ready("DataDigest=CRC32C").calm();
    other.feed(other.scsi(0, 0xA0, 512, new byte[512], Lab.write10(0, 1)));
    Lab.Answer reject = other.one();
    assertThat(reject.opcode()).isEqualTo(Pdu.REJECT);
    assertThat(reject.bytes().get(2)).isEqualTo((byte) Pdu.REJECT_DATA_DIGEST);
    assertThat(other.connection.closing()).isTrue();
  }

  // ---- Task management ------------------------------------------------------------------------

  @Test
  void shouldAbortATaskThatWaitsForData() {
    Lab.Initiator host = host();
    int itt = host.command(0, 0x20, 4096, new byte[0], Lab.write10(0, 8));
    int ttt = host.one().bytes().getInt(20);
    host.manage(1, 0, itt);
    Lab.Answer answer = host.one();
    assertThat(answer.opcode()).isEqualTo(Pdu.TASK_MANAGEMENT_RESPONSE);
    assertThat(answer.bytes().get(2)).isZero();
    host.dataOut(itt, ttt, 0, 0, true, new byte[4096]);
    assertThat(host.all()).isEmpty();
    host.manage(1, 0, itt);
    assertThat(host.one().bytes().get(2)).as("no such task").isEqualTo((byte) 1);
  }

  @Test
  void shouldConfirmAnAbortOnlyWhenThePoolIsDone() {
    Lab.Initiator host = host();
    host.command(0, 0, 0, new byte[0], 0x35);
    host.command(0, 0, 0, new byte[0], 0x35);
    host.manage(2, 0, 0);
    assertThat(host.all()).isEmpty();
    lab.settle();
    Lab.Answer only = host.one();
    assertThat(only.opcode()).isEqualTo(Pdu.TASK_MANAGEMENT_RESPONSE);
    assertThat(host.inFlight()).isZero();
  }

  @Test
  void shouldAbortAndTellAllNexusesAtAReset() {
    Lab.Initiator host = host();
    Lab.Initiator other = lab.new Initiator(Lab.POOR_HOST, 3).ready().calm();
    other.command(0, 0, 0, new byte[0], 0x35);
    host.manage(5, 0, 0);
    assertThat(host.one().bytes().get(2)).isZero();
    assertThat(other.all()).isEmpty();
    lab.settle();
    assertThat(other.all()).as("aborted: no answer").isEmpty();
    other.read(0, 1);
    assertThat(other.one().sense()).isEqualTo(0x062903);
    other.read(0, 1);
    assertThat(other.one().status()).isEqualTo(GOOD);
    host.read(0, 1);
    assertThat(host.one().sense()).isEqualTo(0x062903);
  }

  @Test
  void shouldResetOnlyWhatTheSenderSees() {
    lab.show(1 << 20, AccessState.ACTIVE_OPTIMIZED, Set.of(1));
    Lab.Initiator host = host();
    Lab.Initiator poor = lab.new Initiator(Lab.POOR_HOST, 3).ready().calm();
    host.command(0, 0, 0, new byte[0], 0x35);
    host.command(1, 0, 0, new byte[0], 0x35);
    poor.manage(6, 0, 0);
    assertThat(poor.one().bytes().get(2)).isZero();
    assertThat(host.all()).isEmpty();
    lab.settle();
    assertThat(host.one().status()).as("unit 0 is not the sender's").isEqualTo(GOOD);
    host.read(0, 1);
    assertThat(host.one().status()).isEqualTo(GOOD);
    host.command(1, 0x40, 512, new byte[0], Lab.read10(0, 1));
    assertThat(host.one().sense()).isEqualTo(0x062903);

    poor.manage(7, 0, 0);
    assertThat(poor.one().bytes().get(2)).as("cold reset").isEqualTo((byte) 5);
    assertThat(host.shut).isFalse();
  }

  @Test
  void shouldNotKnowTasksOfUnitsThatAreNotThere() {
    Lab.Initiator host = host();
    host.manage(5, 17, 0);
    assertThat(host.one().bytes().get(2)).isEqualTo((byte) 2);
    host.manage(8, 0, 0);
    assertThat(host.one().bytes().get(2)).isEqualTo((byte) 5);
  }

  // ---- The model ------------------------------------------------------------------------------

  @Test
  void shouldTellANewNexusOfThePowerOn() {
    Lab.Initiator host = lab.initiator().ready();
    host.read(0, 1);
    assertThat(host.one().sense()).isEqualTo(0x062900);
    host.read(0, 1);
    assertThat(host.one().status()).isEqualTo(GOOD);
  }

  @Test
  void shouldShowOnlyWhatIsGranted() {
    lab.show(1 << 20, AccessState.ACTIVE_OPTIMIZED, Set.of(1));
    Lab.Initiator poor = lab.new Initiator(Lab.POOR_HOST, 3).ready().calm();
    poor.read(0, 1);
    assertThat(poor.one().sense()).isEqualTo(0x052500);
    poor.command(0, 0x40, 255, new byte[0], 0x12, 0, 0, 0, 255);
    assertThat(poor.one().payload()[0]).isEqualTo((byte) 0x7F);
    poor.command(0, 0x40, 255, new byte[0], 0xA0, 0, 0, 0, 0, 0, 0, 0, 0, 255);
    byte[] luns = poor.one().payload();
    assertThat(luns).hasSize(16);
    assertThat(luns[9]).isEqualTo((byte) 1);
  }

  @Test
  void shouldTellOfChangesOnce() {
    Lab.Initiator poor = lab.new Initiator(Lab.POOR_HOST, 3).ready().calm();
    lab.show(1 << 20, AccessState.ACTIVE_OPTIMIZED, Set.of(0));
    poor.read(0, 1);
    assertThat(poor.one().sense()).as("LUNs").isEqualTo(0x063F0E);
    lab.show(1 << 19, AccessState.STANDBY, Set.of(0));
    poor.read(0, 1);
    assertThat(poor.one().sense()).as("access state").isEqualTo(0x062A06);
    poor.read(0, 1);
    assertThat(poor.one().sense()).as("capacity").isEqualTo(0x062A09);
    poor.read(0, 1);
    assertThat(poor.one().status()).isEqualTo(GOOD);
  }

  @Test
  void shouldCloseTheSessionOfAHostThatIsGone() {
    Lab.Initiator host = host();
    lab.core.show(TargetView.empty());
    host.read(0, 1);
    assertThat(host.all()).isEmpty();
    assertThat(host.shut).isTrue();
  }

  @Test
  void shouldCloseTheSessionOfAHostThatMustProveItselfNow() {
    Lab.Initiator host = host();
    lab.showHosts(new Host("host", Lab.HOST, Optional.of(Lab.CHAP), Optional.empty()));
    host.read(0, 1);
    assertThat(host.all()).isEmpty();
    assertThat(host.shut).isTrue();
  }

  @Test
  void shouldCloseTheSessionOfAHostThatHasAnotherEntryNow() {
    lab.showHosts(new Host("any", Host.ANY, Optional.empty(), Optional.empty()));
    Lab.Initiator host = host();
    lab.showHosts(
        new Host("any", Host.ANY, Optional.empty(), Optional.empty()),
        new Host("host", Lab.HOST, Optional.empty(), Optional.empty()));
    host.read(0, 1);
    assertThat(host.all()).isEmpty();
    assertThat(host.shut).isTrue();
  }

  @Test
  void shouldServeInStandbyOnlyWhatNeedsNoMedium() {
    lab.show(1 << 20, AccessState.STANDBY, Set.of(0, 1));
    Lab.Initiator host = lab.new Initiator(Lab.HOST, 1).ready().calm();
    host.read(0, 1);
    assertThat(host.one().sense()).isEqualTo(0x02040B);
    host.command(0, 0, 0, new byte[0], 0);
    assertThat(host.one().sense()).isEqualTo(0x02040B);
    host.command(0, 0x40, 96, new byte[0], 0x12, 0, 0, 0, 96);
    assertThat(host.one().payload()).hasSize(96);
    host.command(0, 0x40, 255, new byte[0], 0xA3, 0x2A, 0, 0, 0, 0, 0, 0, 0, 255);
    byte[] groups = host.one().payload();
    assertThat(groups).hasSize(8 + 3 * 12);
    assertThat(groups[4]).isEqualTo((byte) 0x10);
    assertThat(groups[8] & 0xF).as("group 1").isEqualTo(2);
    assertThat(groups[32] & 0xF).as("group 3").isZero();

    lab.show(1 << 20, AccessState.TRANSITIONING, Set.of(0, 1));
    host.read(0, 1);
    assertThat(host.one().sense()).isEqualTo(0x062A06);
    host.read(0, 1);
    assertThat(host.one().sense()).isEqualTo(0x02040A);
  }

  @Test
  void shouldBeBusyRatherThanNotReadyOnTheFloatingPortal() {
    Lab.Initiator host = host();
    lab.core.show(
        new TargetView(
            List.of(new Lun(0, "zero", lab.volume.uuid(), 1 << 20, Optional.empty())),
            List.of(new Host("host", Lab.HOST, Optional.empty(), Optional.empty())),
            java.util.Map.of(3, AccessState.TRANSITIONING),
            List.of()));
    host.read(0, 1);
    host.read(0, 1);
    host.read(0, 1);
    List<Lab.Answer> answers = host.all();
    assertThat(answers.get(0).sense()).isEqualTo(0x063F0E);
    assertThat(answers.get(1).sense()).isEqualTo(0x062A06);
    assertThat(answers.get(2).status()).isEqualTo(BUSY);
  }

  @Test
  void shouldFinishOnlyWhatIsInThePoolWhileDraining() {
    Lab.Initiator host = host();
    byte[] data = Lab.bytes(4096, 10);
    int itt = host.command(0, 0x20, 4096, new byte[0], Lab.write10(0, 8));
    int ttt = host.one().bytes().getInt(20);
    int flush = host.command(0, 0, 0, new byte[0], 0x35);
    lab.core.draining = true;
    host.write(8, new byte[512]);
    host.read(0, 1);
    host.dataOut(itt, ttt, 0, 0, true, data);
    assertThat(host.all()).isEmpty();
    Session session = Objects.requireNonNull(host.session());
    assertThat(session.hasSlowWork()).isTrue();
    lab.settle();
    assertThat(host.one().itt()).isEqualTo(flush);
    assertThat(session.hasSlowWork()).isFalse();
    assertThat(host.inFlight()).as("the write, for ever").isEqualTo(1);
  }

  // ---- Commands -------------------------------------------------------------------------------

  @Test
  void shouldNameWhatItDoesNotKnow() {
    Lab.Initiator host = host();
    host.command(0, 0, 0, new byte[0], 0xC7);
    assertThat(host.one().sense()).isEqualTo(0x052000);
    host.command(0, 0x40, 32, new byte[0], 0x9E, 0x1F);
    assertThat(host.one().sense()).isEqualTo(0x052400);
    host.read(2047, 2);
    assertThat(host.one().sense()).isEqualTo(0x052100);
  }

  @Test
  void shouldZeroWhatIsUnmappedOrWrittenTheSame() {
    Lab.Initiator host = host();
    host.write(0, Lab.bytes(8 * Lab.BLOCK, 11));
    host.all();
    ByteBuffer list = ByteBuffer.allocate(24).putShort(0, (short) 22).putShort(2, (short) 16);
    list.putLong(8, 1).putInt(16, 2);
    host.command(0, 0x20, 24, list.array(), 0x42, 0, 0, 0, 0, 0, 0, 0, 24);
    byte[] pattern = Lab.bytes(512, 12);
    host.command(0, 0x20, 512, pattern, 0x41, 0, 0, 0, 0, 4, 0, 0, 3);
    lab.settle();
    assertThat(host.all()).extracting(Lab.Answer::status).containsExactly(GOOD, GOOD);
    byte[] now = readBack(host, 0, 8);
    assertThat(Arrays.copyOfRange(now, 512, 1536)).containsOnly(0);
    for (int block = 4; block < 7; block++) {
      assertThat(Arrays.copyOfRange(now, block * 512, block * 512 + 512)).isEqualTo(pattern);
    }
  }

  @Test
  void shouldPointAtFlagsOfWriteSameItDoesNotFollow() {
    Lab.Initiator host = host();
    for (int flag :
        new int[] {0x02, 0x04, 0x10, 0x20, 0x80}) { // PBDATA, LBDATA, ANCHOR, protection
      for (int opcode : new int[] {0x41, 0x93}) {
        int[] cdb = Arrays.copyOf(new int[] {opcode, flag}, opcode == 0x41 ? 10 : 16);
        cdb[opcode == 0x41 ? 8 : 13] = 1;
        host.command(0, 0x20, 512, new byte[512], cdb);
        Lab.Answer answer = host.one();
        assertThat(answer.sense()).isEqualTo(0x052400);
        assertThat(answer.field()).isEqualTo(1);
      }
    }
  }

  @Test
  void shouldPutWhatWasWrittenOnTheMediumAtAStopButGoOn() {
    Lab.Initiator host = host();
    host.command(0, 0, 0, new byte[0], 0x1B, 0, 0, 0, 0);
    assertThat(host.all()).isEmpty();
    lab.settle();
    assertThat(host.one().status()).isEqualTo(GOOD);
    assertThat(lab.volume.flushes.get()).isEqualTo(1);
    host.command(0, 0, 0, new byte[0], 0x1B, 0, 0, 0, 4);
    assertThat(host.one().status()).as("NO_FLUSH").isEqualTo(GOOD);
    assertThat(lab.volume.flushes.get()).isEqualTo(1);
    host.command(0, 0, 0, new byte[0], 0);
    assertThat(host.one().status()).isEqualTo(GOOD);
  }

  @Test
  void shouldCompareBeforeItWrites() {
    Lab.Initiator host = host();
    byte[] old = Lab.bytes(512, 13);
    host.write(0, old);
    host.all();
    byte[] both = Arrays.copyOf(old, 1024);
    System.arraycopy(Lab.bytes(512, 14), 0, both, 512, 512);
    int[] cdb = {0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    host.command(0, 0x20, 1024, both, cdb);
    lab.settle();
    assertThat(host.one().status()).isEqualTo(GOOD);
    System.arraycopy(Lab.bytes(512, 14), 0, both, 0, 512);
    both[78]++;
    host.command(0, 0x20, 1024, both, cdb);
    lab.settle();
    Lab.Answer differs = host.one();
    assertThat(differs.sense()).isEqualTo(0x0E1D00);
    assertThat(differs.data().get(2)).as("valid").isEqualTo((byte) 0xF0);
    assertThat(differs.data().getInt(5)).as("the first byte that differs").isEqualTo(78);
    assertThat(readBack(host, 0, 1)).isEqualTo(Lab.bytes(512, 14));
  }

  @Test
  void shouldGiveBackTheMemoryOfStagedCommands() {
    Lab.Initiator host = host();
    int before = lab.core.memory.availablePermits();
    host.command(0, 0x20, 4096, new byte[0], 0x8E, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8);
    assertThat(host.one().opcode()).isEqualTo(Pdu.R2T);
    assertThat(lab.core.memory.availablePermits()).isEqualTo(before - 4096);
    host.connection.dispose();
    assertThat(lab.core.memory.availablePermits()).isEqualTo(before);
  }

  @Test
  void shouldCloseOnAnOpcodeThereIsNot() {
    Lab.Initiator host = host();
    host.send(host.pdu(0x1D, 0x80, new byte[0]));
    assertThat(host.one().opcode()).isEqualTo(Pdu.REJECT);
    assertThat(host.connection.closing()).isTrue();
  }

  @Test
  void shouldCloseOnASegmentLongerThanItTakes() {
    Lab.Initiator host = host();
    ByteBuffer pdu = host.pdu(Pdu.SCSI_COMMAND, 0x80, new byte[0]);
    pdu.putInt(4, SessionParameters.MAX_RECEIVE_BYTES + 1);
    host.feed(pdu);
    assertThat(host.one().opcode()).isEqualTo(Pdu.REJECT);
    assertThat(host.connection.closing()).isTrue();
  }

  @Test
  void shouldSayGoodbye() {
    Lab.Initiator host = host();
    ByteBuffer pdu = host.pdu(0x40 | Pdu.LOGOUT, 0x80, new byte[0]);
    pdu.putInt(16, 8).putInt(24, host.cmdSn);
    host.send(pdu);
    assertThat(host.one().opcode()).isEqualTo(Pdu.LOGOUT_RESPONSE);
    assertThat(host.connection.closing()).isTrue();
  }
}
