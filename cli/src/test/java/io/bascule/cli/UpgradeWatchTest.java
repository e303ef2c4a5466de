package io.bascule.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.cli.client.Json;
import io.bascule.cli.screen.Screen;
import io.bascule.core.api.ApplianceView;
import io.bascule.core.api.UpgradeView;
import java.io.BufferedReader;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What fits on a screen. */
class UpgradeWatchTest {
  private static final Screen SCREEN =
      new Screen(
          new PrintWriter(Writer.nullWriter()),
          new PrintWriter(Writer.nullWriter()),
          new BufferedReader(Reader.nullReader()),
          true,
          true,
          true);

  private static <T> T recorded(String name, Class<T> type) {
    return Json.read(type, new String(RecordedAppliance.recorded(name), StandardCharsets.UTF_8));
  }

  private static String plain(String line) {
    return line.replaceAll("\u001b\\[[0-9;]*m", "");
  }

  @ParameterizedTest
  @ValueSource(strings = {"upgrade-migrating", "upgrade-early", "upgrade-canceling"})
  void shouldShowTheCancelAndBothControllersOnASmallTerminal(String name) {
    var upgrade = recorded(name, UpgradeView.class);
    var appliance = recorded("appliance-redundant", ApplianceView.class);
    var lines = UpgradeWatch.picture(upgrade, appliance, SCREEN, 23, 80);
    assertThat(lines).hasSizeLessThanOrEqualTo(23);
    assertThat(lines).allSatisfy(line -> assertThat(plain(line).length()).isLessThanOrEqualTo(80));
    String all = plain(String.join("\n", lines));
    assertThat(all).contains("  Cancel  ", "\n  0  ", "\n  1  ");
    String reason = upgrade.cancel().reason();
    if (reason != null) {
      assertThat(all.replaceAll("\\s+", " ")).contains(reason);
    }
  }

  @Test
  void shouldShowEverythingWhereThereIsRoom() {
    var upgrade = recorded("upgrade-migrating", UpgradeView.class);
    var appliance = recorded("appliance-redundant", ApplianceView.class);
    var all = plain(String.join("\n", UpgradeWatch.picture(upgrade, appliance, SCREEN, 49, 120)));
    for (var step : upgrade.steps()) {
      assertThat(all).contains(step.name());
    }
    assertThat(all).contains("SINCE");
  }
}
