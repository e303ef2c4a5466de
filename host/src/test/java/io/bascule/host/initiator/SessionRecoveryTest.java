package io.bascule.host.initiator;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a session does when a target behaves as in a handover, or badly. */
@Timeout(30)
class SessionRecoveryTest {
  private static final InitiatorOptions OPTIONS =
      InitiatorOptions.defaults().withRecoveryMillis(10_000);

  private static ScsiCommand read() {
    return ScsiCommand.read16(8, new byte[512], 0, 1);
  }

  @Test
  void shouldLogOutWhenAskedAndIssueEverythingUnansweredAgain() throws Exception {
    Queue<String> seen = new ConcurrentLinkedQueue<>();
    Peer.Script script =
        (connection, pdu, peer) -> {
          seen.add(connection + " " + pdu.opcode());
          switch (pdu.opcode()) {
            case Opcode.SCSI_COMMAND -> {
              if (connection == 1) {
                peer.async(1); // held, as in a handover
              } else {
                peer.respond(pdu, ScsiResult.GOOD);
              }
            }
            case Opcode.LOGOUT -> {
              ByteBuffer answer = OutPdu.header(Opcode.LOGOUT_RESPONSE, 0x80);
              peer.send(answer.putInt(16, pdu.initiatorTag()), new byte[0], true);
              peer.drop();
            }
            default -> throw new AssertionError("opcode " + pdu.opcode());
          }
        };
    try (Peer peer = new Peer(13150, script);
        Session session = Session.connect(peer.url(), OPTIONS)) {
      assertThat(session.execute(ScsiCommand.testUnitReady()).good()).isTrue();
      assertThat(session.stats()).isEqualTo(new SessionStats(1, 1, 0, 0, 1));
      assertThat(seen).containsExactly("1 1", "1 6", "2 1");
    }
  }

  @Test
  void shouldTryAgainWhatPassesByItself() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    Peer.Script script =
        (connection, pdu, peer) -> {
          if (pdu.opcode() != Opcode.SCSI_COMMAND) {
            return;
          }
          switch (attempts.incrementAndGet()) {
            case 1 -> peer.respond(pdu, ScsiResult.BUSY);
            case 2 -> peer.respond(pdu, ScsiResult.CHECK_CONDITION, 2, 0x04, 0x0a);
            case 3 -> peer.respond(pdu, ScsiResult.CHECK_CONDITION, 6, 0x2a, 0x06);
            case 4 -> peer.respond(pdu, ScsiResult.TASK_SET_FULL);
            case 5 -> peer.respond(pdu, ScsiResult.CHECK_CONDITION, 0x0b, 0, 0);
            default -> peer.respond(pdu, ScsiResult.GOOD);
          }
        };
    try (Peer peer = new Peer(13151, script);
        Session session = Session.connect(peer.url(), OPTIONS)) {
      assertThat(session.execute(ScsiCommand.testUnitReady()).good()).isTrue();
      assertThat(attempts).hasValue(6);
      assertThat(session.stats()).isEqualTo(new SessionStats(0, 0, 5, 1, 0));
    }
  }

  @Test
  void shouldTellWhatDoesNotPass() throws Exception {
    Peer.Script script =
        (connection, pdu, peer) -> {
          if (pdu.opcode() == Opcode.SCSI_COMMAND) {
            peer.respond(pdu, ScsiResult.CHECK_CONDITION, 3, 0x11, 0);
          }
        };
    try (Peer peer = new Peer(13152, script);
        Session session = Session.connect(peer.url(), OPTIONS)) {
      ScsiResult result = session.execute(ScsiCommand.testUnitReady());
      assertThat(result.sense()).isEqualTo(new Sense(Sense.MEDIUM_ERROR, 0x11, 0));
      assertThat(result).hasToString("CHECK CONDITION 03/11/00");
    }
  }

  @Test
  void shouldDropAConnectionWhoseDataHasAHole() throws Exception {
    Peer.Script script =
        (connection, pdu, peer) -> {
          if (pdu.opcode() == Opcode.SCSI_COMMAND) {
            ByteBuffer data = OutPdu.header(Opcode.DATA_IN, 0x81);
            data.putInt(16, pdu.initiatorTag()).putInt(36, connection == 1 ? 1 : 0);
            byte[] block = new byte[512];
            block[0] = (byte) connection;
            peer.send(data, block, true);
          }
        };
    try (Peer peer = new Peer(13153, script);
        Session session = Session.connect(peer.url(), OPTIONS)) {
      byte[] block = new byte[512];
      ScsiResult result = session.execute(ScsiCommand.read16(0, block, 0, 1));
      assertThat(result).isEqualTo(new ScsiResult(0, result.senseBytes(), 512));
      assertThat(block[0]).isEqualTo((byte) 2);
      assertThat(session.stats().reconnects()).isEqualTo(1);
    }
  }

  @Test
  void shouldIssueAgainInTheOrderOfSubmission() throws Exception {
    int commands = 40; // more than the window of 32
    List<Long> second = new ArrayList<>();
    Peer.Script script =
        (connection, pdu, peer) -> {
          if (pdu.opcode() != Opcode.SCSI_COMMAND) {
            return;
          }
          if (connection == 1) {
            if (pdu.header().getLong(34) == 20) {
              peer.drop();
            }
          } else {
            second.add(pdu.header().getLong(34));
            peer.respond(pdu, ScsiResult.GOOD);
          }
        };
    CountDownLatch answers = new CountDownLatch(commands);
    Completion completion =
        new Completion() {
          @Override
          public void answered(ScsiResult result, long nanos) {
            answers.countDown();
          }

          @Override
          public void failed(java.io.IOException cause, long nanos) {
            throw new AssertionError(cause);
          }
        };
    try (Peer peer = new Peer(13154, script);
        Session session = Session.connect(peer.url(), OPTIONS)) {
      for (int i = 0; i < commands; i++) {
        session.submit(ScsiCommand.read16(i, new byte[512], 0, 1), completion);
      }
      assertThat(answers.await(10, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(second).hasSize(commands).isSorted();
  }

  @Test
  void shouldAnswerAPing() throws Exception {
    Queue<String> echoes = new ConcurrentLinkedQueue<>();
    Peer.Script script =
        (connection, pdu, peer) -> {
          if (pdu.opcode() == Opcode.SCSI_COMMAND) {
            ByteBuffer ping = OutPdu.header(Opcode.NOP_IN, 0x80);
            ping.putInt(16, Pdu.NO_TAG).putInt(20, 0x1234);
            peer.send(ping, new byte[] {'h', 'i'}, false);
          } else if (pdu.opcode() == Opcode.NOP_OUT) {
            echoes.add(
                Integer.toHexString(pdu.targetTag())
                    + new String(pdu.dataBytes(), java.nio.charset.StandardCharsets.US_ASCII));
          }
          if (echoes.size() == 1 && pdu.opcode() == Opcode.NOP_OUT) {
            peer.drop(); // the command is issued again, pinged again
          }
        };
    try (Peer peer = new Peer(13155, script);
        Session session = Session.connect(peer.url(), OPTIONS)) {
      session.submit(
          read(),
          new Completion() {
            @Override
            public void answered(ScsiResult result, long nanos) {}

            @Override
            public void failed(java.io.IOException cause, long nanos) {}
          });
      org.awaitility.Awaitility.await().until(() -> echoes.size() >= 2);
      assertThat(echoes).containsOnly("1234hi");
    }
  }
}
