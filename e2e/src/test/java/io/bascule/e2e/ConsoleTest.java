package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/**
 * The console in Debian's Chromium, against a real appliance whose controllers change over while it
 * is open.
 */
@Order(3) // Long and one after the other: begins first.
class ConsoleTest {
  private static final Path BROWSER = Path.of("browser").toAbsolutePath();

  @BeforeAll
  static void install() {
    if (!Files.isDirectory(BROWSER.resolve("node_modules/playwright-core"))) {
      Commands.run(300, "npm", "--prefix", BROWSER.toString(), "ci", "--no-audit", "--no-fund")
          .ok();
    }
  }

  @Test
  void shouldShowAndCancelAnUpgradeAcrossHandoversWithoutAReload() throws IOException {
    try (var appliance = Appliance.create("console")) {
      tell("cancel.mjs", appliance, "1.2.2", "once-active");
    }
  }

  @Test
  void shouldShowThePhasesAndCancelTheMigrationInOneOfThem() throws IOException {
    try (var appliance = Appliance.create("console", "--release", "1.2.2")) {
      tell("migration.mjs", appliance, "2.0.1", "phase-1,phase-3");
    }
  }

  /** The story cancels the upgrade that is started here, under load. */
  private static void tell(String story, Appliance appliance, String version, String pauseAt)
      throws IOException {
    Path shots = Files.createDirectories(Path.of("target", "screenshots").toAbsolutePath());
    appliance.volume("db", "64M");
    appliance.anyHost();
    appliance.addPackage(version);
    try (var host = HostSide.start(appliance.url("db"), 6)) {
      var up = appliance.bascule("up", "--detach").ok();
      var link = Pattern.compile("http://\\S+/sign-in\\?code=\\S+").matcher(up.out());
      assertThat(link.find()).as("a sign-in link in %s", up.out()).isTrue();
      appliance
          .bascule(
              "upgrade", "start", version, "--pause-at", pauseAt, "--priority", "FINISH_SOONER")
          .ok();
      var told =
          Commands.run(
              240, "node", BROWSER.resolve(story).toString(), link.group(), shots.toString());
      assertThat(told.exit()).as("%s", told).isZero();
      assertThat(appliance.state()).isEqualTo("CANCELED");
      host.stopClean();
    }
  }
}
