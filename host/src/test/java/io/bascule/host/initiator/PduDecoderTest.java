package io.bascule.host.initiator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PduDecoderTest {
  private static OutPdu pdu(int tag, int bytes) {
    byte[] data = new byte[bytes];
    new Random(tag).nextBytes(data);
    ByteBuffer header = OutPdu.header(Opcode.DATA_IN, 0x80);
    header.putInt(16, tag);
    return OutPdu.of(header, data);
  }

  @ParameterizedTest
  @CsvSource({
    "false,false,1",
    "true,true,1",
    "true,false,7",
    "false,true,4096",
    "true,true,100000"
  })
  void shouldCutAnyStreamIntoItsPdus(boolean header, boolean data, int step) throws Exception {
    List<OutPdu> sent = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      sent.add(pdu(i, i < 20 ? i : i * 300));
    }
    ByteBuffer wire = ByteBuffer.allocate(1 << 20);
    for (OutPdu pdu : sent) {
      int before = wire.position();
      pdu.encode(wire, header, data);
      assertThat(wire.position() - before).isEqualTo(pdu.encodedBytes(header, data));
    }
    wire.flip();
    PduDecoder decoder = new PduDecoder(16384);
    decoder.useDigests(header, data);
    int received = 0;
    while (wire.hasRemaining()) {
      ByteBuffer space = decoder.space();
      int bytes = Math.min(step, Math.min(space.remaining(), wire.remaining()));
      space.put(wire.slice(wire.position(), bytes));
      wire.position(wire.position() + bytes);
      for (Pdu pdu = decoder.next(); pdu != null; pdu = decoder.next()) {
        assertThat(pdu.initiatorTag()).isEqualTo(received);
        assertThat(pdu.dataBytes()).isEqualTo(sent.get(received).data());
        received++;
      }
    }
    assertThat(received).isEqualTo(sent.size());
  }

  @Test
  void shouldSendDigestsInTheByteOrderOfTheStandard() {
    // RFC 7143, appendix A.4 (from RFC 3720 B.4): 32 bytes of zeros have the CRC aa 36 91 8a.
    ByteBuffer wire = ByteBuffer.allocate(128);
    new OutPdu(OutPdu.header(Opcode.DATA_OUT, 0), new byte[32], 0, 32).encode(wire, false, true);
    byte[] digest = new byte[4];
    wire.get(48 + 32, digest);
    assertThat(digest).containsExactly(0xaa, 0x36, 0x91, 0x8a);
  }

  @ParameterizedTest
  @CsvSource({"20,header digest", "60,data digest"})
  void shouldRefuseAWrongDigest(int position, String what) {
    ByteBuffer wire = ByteBuffer.allocate(256);
    pdu(1, 100).encode(wire, true, true);
    wire.put(position, (byte) (wire.get(position) ^ 1));
    PduDecoder decoder = new PduDecoder(16384);
    decoder.useDigests(true, true);
    decoder.space().put(wire.flip());
    assertThatThrownBy(decoder::next)
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining(what);
  }

  @Test
  void shouldRefuseADataSegmentLongerThanDeclared() {
    ByteBuffer wire = ByteBuffer.allocate(4096);
    pdu(1, 1025).encode(wire, false, false);
    PduDecoder decoder = new PduDecoder(1024);
    decoder.space().put(wire.flip());
    assertThatThrownBy(decoder::next)
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining("1025");
  }

  @Test
  void shouldSkipAdditionalHeaderSegments() throws Exception {
    ByteBuffer wire = ByteBuffer.allocate(64);
    wire.put(0, (byte) Opcode.DATA_IN).put(4, (byte) 1).put(7, (byte) 4).putInt(48, 0x11111111);
    wire.putInt(52, 0x22222222);
    PduDecoder decoder = new PduDecoder(1024);
    decoder.space().put(wire.slice(0, 56));
    Pdu pdu = Objects.requireNonNull(decoder.next());
    assertThat(pdu.dataBytes()).containsExactly(0x22, 0x22, 0x22, 0x22);
  }
}
