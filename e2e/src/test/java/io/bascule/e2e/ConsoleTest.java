package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/**
 * The console in Debian's Chromium, against a real appliance whose controllers change over while it
 * is open.
 */
@Order(3) // Long and one after the other: begins first.
class ConsoleTest {
  @BeforeAll
  static void install() {
    Browser.install();
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
    appliance.volume("db", "64M");
    appliance.anyHost();
    appliance.addPackage(version);
    try (var host = HostSide.start(appliance.url("db"), 6)) {
      String link = Browser.signInLink(appliance);
      appliance
          .bascule(
              "upgrade", "start", version, "--pause-at", pauseAt, "--priority", "FINISH_SOONER")
          .ok();
      Browser.tell(story, link);
      assertThat(appliance.state()).isEqualTo("CANCELED");
      host.stopClean();
    }
  }
}
