package io.bascule.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Sense data in both formats, as SPC-4 lays it out, whatever was there before. */
final class SenseTest {
  private static String encode(Sense sense, boolean descriptor, SenseDetail detail) {
    ByteBuffer out = ByteBuffer.allocate(Sense.MAX_BYTES + 5);
    Arrays.fill(out.array(), (byte) 0xEE);
    int length = sense.encode(out, 5, descriptor, detail);
    assertThat(length).isLessThanOrEqualTo(Sense.MAX_BYTES);
    return HexFormat.ofDelimiter(" ").withUpperCase().formatHex(out.array(), 5, 5 + length);
  }

  @Test
  void shouldEncodeEveryDetailInBothFormats() {
    SenseDetail all = new SenseDetail(0x01020304, 0x0A0B, 0xC00007);
    assertThat(encode(Sense.MISCOMPARE, false, all))
        .isEqualTo("F0 00 0E 01 02 03 04 0A 00 00 0A 0B 1D 00 00 C0 00 07");
    assertThat(encode(Sense.MISCOMPARE, true, all))
        .isEqualTo(
            "72 0E 1D 00 00 00 00 20 00 0A 80 00 00 00 00 00 01 02 03 04 "
                + "01 0A 00 00 00 00 0A 0B 00 00 00 00 02 06 00 00 C0 00 07 00");
    assertThat(encode(Sense.LBA_OUT_OF_RANGE, false, SenseDetail.NONE))
        .isEqualTo("70 00 05 00 00 00 00 0A 00 00 00 00 21 00 00 00 00 00");
    assertThat(encode(Sense.LBA_OUT_OF_RANGE, true, SenseDetail.NONE))
        .isEqualTo("72 05 21 00 00 00 00 00");
    assertThat(encode(Sense.INVALID_FIELD_IN_CDB, true, SenseDetail.cdbField(2)))
        .isEqualTo("72 05 24 00 00 00 00 08 02 06 00 00 C0 00 02 00");
    assertThat(encode(Sense.INVALID_FIELD_IN_PARAMETER_LIST, false, SenseDetail.listField(0x123)))
        .isEqualTo("70 00 05 00 00 00 00 0A 00 00 00 00 26 00 00 80 01 23");
  }
}
