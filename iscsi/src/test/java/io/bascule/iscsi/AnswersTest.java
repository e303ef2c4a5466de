package io.bascule.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What hosts are told about a unit, to the byte: hosts remember it over upgrades. */
final class AnswersTest {
  private static final UUID UNIT = UUID.fromString("6f1d2c3b-4a59-4687-9b7c-0123456789ab");
  private static final HexFormat HEX = HexFormat.ofDelimiter(" ").withUpperCase();

  /** CDBs in hexadecimal; an allocation length that covers everything unless it is the point. */
  private static List<String> commands() {
    List<String> cdbs =
        new ArrayList<>(
            List.of(
                "00",
                "1B 00 00 00 01 00",
                "1B 00 00 00 00 00",
                "1B 00 00 00 02 00",
                "1B 00 00 00 31 00", // a stop; eject; a power condition
                "1E 00 00 00 01 00", // without data
                "03 00 00 00 FF",
                "03 01 00 00 FF", // REQUEST SENSE
                "12 00 00 00 FF",
                "12 00 00 00 24",
                "12 00 80 00 FF",
                "12 02 00 00 FF"));
    for (int page : new int[] {0x00, 0x80, 0x83, 0x86, 0x8F, 0xB0, 0xB1, 0xB2, 0xB3, 0xC0}) {
      cdbs.add("12 01 %02X 10 00 00".formatted(page));
    }
    for (int page : new int[] {0x00, 0x01, 0x08, 0x0A, 0x1C, 0x3F}) {
      for (int control = 0; control < 4; control++) {
        cdbs.add("1A 00 %02X 00 FF 00".formatted(control << 6 | page));
        cdbs.add("5A 10 %02X 00 00 00 00 10 00 00".formatted(control << 6 | page));
      }
    }
    cdbs.addAll(
        List.of(
            "1A 08 3F FF FF 00",
            "1A 08 3F 01 FF 00",
            "1A 08 08 00 08 00", // DBD, subpages, cut
            "5A 08 3F 00 00 00 00 10 00 00",
            "5A 00 3F FF 00 00 00 10 00 00",
            "25",
            "25 00 00 00 00 01",
            "25 00 00 00 00 01 00 00 01", // READ CAPACITY (10)
            "9E 10 00 00 00 00 00 00 00 00 00 00 10 00",
            "9E 11", // (16); no such action
            "A0 00 00 00 00 00 00 00 10 00",
            "A0 00 01 00 00 00 00 00 10 00",
            "A0 00 02 00 00 00 00 00 10 00",
            "A0 00 03 00 00 00 00 00 10 00",
            "A0 00 00 00 00 00 00 00 00 0F", // REPORT LUNS
            "A3 0A 00 00 00 00 00 00 10 00",
            "A3 2A 00 00 00 00 00 00 10 00",
            "A3 4A 00 00 00 00 00 00 10 00", // REPORT TARGET PORT GROUPS
            "A3 0D 00 00 00 00 00 00 10 00",
            "A3 0D 80 00 00 00 00 00 10 00",
            "A3 0D 80 00 00 00 00 00 00 03", // task management functions
            "A3 0C 04 12 00 00 00 00 10 00",
            "37 00 18 00 00 00 00 10 00",
            "37 00 0D 00 00 00 00 00 03",
            "37 00 1E 00 00 00 00 10 00", // READ DEFECT DATA (10)
            "B7 1B 00 00 00 00 00 00 10 00",
            "B7 07 00 00 00 00 00 00 10 00", // (12)
            "84 03 00 00 00 00 00 00 00 00 00 00 10 00",
            "84 00 00 00 00 00 00 00 00 00 00 00 10 00",
            "84 01 00 00 00 00 00 00 00 00 00 00 10 00", // RECEIVE COPY RESULTS
            "C7"));
    return cdbs;
  }

  @Test
  void shouldTellOfAUnitWhatTheFileSays(@TempDir Path directory) throws IOException {
    StringBuilder answers = new StringBuilder();
    try (Lab lab = new Lab(directory)) {
      show(lab);
      Lab.Initiator host = lab.initiator().ready().calm();
      for (String cdb : commands()) {
        answers.append(cdb).append("\n  ").append(answer(lab, host, 0, cdb)).append('\n');
      }
      answers.append("a unit that is not there\n");
      for (String cdb : List.of("00", "03 00 00 00 FF", "12 00 00 00 FF", "12 01 00 00 FF", "A0")) {
        answers.append(cdb).append("\n  ").append(answer(lab, host, 9, cdb)).append('\n');
      }
    }
    try (var expected = AnswersTest.class.getResourceAsStream("answers.txt")) {
      assertThat(expected).isNotNull();
      assertThat(answers.toString())
          .isEqualTo(new String(expected.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  /** Every command that is listed is also found alone, with its CDB's length. */
  @Test
  void shouldReportEveryCommandItKnows(@TempDir Path directory) {
    try (Lab lab = new Lab(directory)) {
      Lab.Initiator host = lab.initiator().ready().calm();
      assertThat(Commands.all()).hasSize(59);
      for (Command command : Commands.all()) {
        int action = Math.max(command.serviceAction(), 0);
        String one =
            "A3 0C %02X %02X 00 %02X 00 00 10 00"
                .formatted(command.serviceAction() < 0 ? 1 : 2, command.opcode(), action);
        assertThat(answer(lab, host, 0, one))
            .isEqualTo("00 03 00 %02X %s", command.usage().length, HEX.formatHex(command.usage()));
        int bytes =
            switch (command.opcode() >> 5) {
              case 0 -> 6;
              case 1, 2 -> 10;
              case 4 -> 16;
              default -> 12;
            };
        assertThat(command.usage()).as("%02X", command.opcode()).hasSize(bytes);
      }
    }
  }

  private static void show(Lab lab) {
    lab.core.show(
        new TargetView(
            List.of(new Lun(0, "zero", UNIT, 1 << 20, Optional.of(lab.volume))),
            List.of(new Host("host", Lab.HOST, Optional.empty(), Optional.empty())),
            Map.of(
                1,
                AccessState.STANDBY,
                2,
                AccessState.TRANSITIONING,
                3,
                AccessState.ACTIVE_OPTIMIZED),
            List.of(Lab.portal(3))));
  }

  private static String answer(Lab lab, Lab.Initiator host, int lun, String cdb) {
    byte[] bytes = HexFormat.ofDelimiter(" ").parseHex(cdb);
    int[] wide = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      wide[i] = bytes[i];
    }
    host.command(lun, 0x40, 4096, new byte[0], wide);
    lab.settle();
    Lab.Answer answer = host.one();
    return answer.opcode() == Pdu.SCSI_RESPONSE && answer.status() != 0
        ? "status %02X, sense %06X".formatted(answer.status(), answer.sense())
        : answer.payload().length == 0 ? "GOOD" : HEX.formatHex(answer.payload());
  }
}
