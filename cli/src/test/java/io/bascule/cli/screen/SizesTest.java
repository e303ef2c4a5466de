package io.bascule.cli.screen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizesTest {
  @ParameterizedTest
  @CsvSource({
    "0,0",
    "512,512",
    "1K,1024",
    "10G,10737418240",
    "1.5k,1536",
    "2T,2199023255552",
    "3MiB,3145728"
  })
  void shouldReadPowersOf1024(String text, long bytes) {
    assertThat(Sizes.parse(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "G", "-1G", "1,5G", "10X", "0.3", "99999999999T", "1e9"})
  void shouldRefuseWhatIsNoSize(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> Sizes.parse(text));
  }

  @ParameterizedTest
  @CsvSource({"0,0", "1023,1023", "1024,1K", "1536,1.5K", "10737418240,10G", "1288490188,1.2G"})
  void shouldWriteTheLargestUnit(long bytes, String text) {
    assertThat(Sizes.format(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "230,0.2 s",
    "12400,12 s",
    "59800,1 min 00 s",
    "200000,3 min 20 s",
    "7500000,2 h 05 min"
  })
  void shouldWriteDurations(long millis, String text) {
    assertThat(Times.duration(Duration.ofMillis(millis))).isEqualTo(text);
  }

  @Test
  void shouldAlignColumns() {
    var table = new Table("NAME", ">SIZE").row("a", "1").row("longer", "1000");
    assertThat(table.lines(false)).containsExactly("NAME    SIZE", "a          1", "longer  1000");
  }
}
