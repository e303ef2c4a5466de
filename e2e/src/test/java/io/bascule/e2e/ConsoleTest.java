package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The console in Debian's Chromium, against a real appliance whose controllers change over while it
 * is open.
 */
class ConsoleTest {
  private static final Path BROWSER = Path.of("browser").toAbsolutePath();

  @Test
  void shouldShowAndCancelAnUpgradeAcrossHandoversWithoutAReload() throws IOException {
    if (!Files.isDirectory(BROWSER.resolve("node_modules/playwright-core"))) {
      Commands.run(300, "npm", "--prefix", BROWSER.toString(), "ci", "--no-audit", "--no-fund")
          .ok();
    }
    Path shots = Files.createDirectories(Path.of("target", "screenshots").toAbsolutePath());
    try (var appliance = Appliance.create("console")) {
      appliance.volume("db", "64M");
      appliance.anyHost();
      appliance.addPackage("1.2.2");
      try (var host = HostSide.start(appliance.url("db"), 6)) {
        var up = appliance.bascule("up", "--detach").ok();
        var link = Pattern.compile("http://\\S+/sign-in\\?code=\\S+").matcher(up.out());
        assertThat(link.find()).as("a sign-in link in %s", up.out()).isTrue();
        appliance.bascule("upgrade", "start", "1.2.2", "--pause-at", "once-active").ok();
        var story =
            Commands.run(
                240,
                "node",
                BROWSER.resolve("cancel.mjs").toString(),
                link.group(),
                shots.toString());
        assertThat(story.exit()).as("%s", story).isZero();
        assertThat(appliance.state()).isEqualTo("CANCELED");
        host.stopClean();
      }
    }
  }
}
