package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.platform.Layout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** {@code volume check}: of a running appliance, of one that is down, and of a suspect volume. */
class VolumeCheckTest {
  @Test
  void shouldCheckUpAndDownAndAcceptASuspectVolume() throws IOException {
    try (var appliance = Appliance.create("check")) {
      appliance.volume("db", "8M");
      appliance.volume("web", "8M");
      appliance.anyHost();
      assertThat(check(appliance).at("live")).isEqualTo(true);
      assertThat(appliance.bascule("volume", "check").ok().out()).contains("Nothing is wrong.");

      appliance.bascule("down").ok();
      var down = check(appliance);
      assertThat(down.at("live")).isEqualTo(false);
      assertThat(down.at("sound")).isEqualTo(true);

      markSuspect(headerOf(appliance, down));
      var suspect = appliance.bascule("volume", "check", "db");
      assertThat(suspect.exit()).as("%s", suspect).isEqualTo(1);
      assertThat(suspect.out()).contains("SUSPECT", "The appliance is down");

      appliance.up();
      assertThat(appliance.bascule("volume", "check", "db").exit()).isEqualTo(1);
      var refused = appliance.bascule("volume", "check", "web", "--accept", "--yes");
      assertThat(refused.exit()).as("%s", refused).isEqualTo(3);
      appliance.bascule("volume", "check", "db", "--accept", "--yes").ok();
      appliance.bascule("volume", "check").ok();
      Outside.write(appliance.url("db"), 0x22, 0);
    }
  }

  private static Api.Answer check(Appliance appliance) {
    return new Api.Answer(200, appliance.bascule("volume", "check", "--json").ok().out());
  }

  private static Path headerOf(Appliance appliance, Api.Answer check) {
    assertThat(check.text("volumes.0.name")).isEqualTo("db");
    return Layout.of(appliance.data).volumesV1().resolve(check.text("volumes.0.uuid") + ".header");
  }

  /** As a failed sync leaves it: the state at 40, the checksum at 60 (docs/formats/1.md). */
  private static void markSuspect(Path header) throws IOException {
    var bytes = ByteBuffer.wrap(Files.readAllBytes(header));
    bytes.putInt(40, 2);
    var crc = new CRC32C();
    crc.update(bytes.array(), 0, 60);
    bytes.putInt(60, (int) crc.getValue());
    Files.write(header, bytes.array());
  }
}
