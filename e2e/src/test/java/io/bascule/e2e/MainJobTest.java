package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The main job: upgrade, cancel in the window, upgrade again, under the writes of our host and of
 * strangers.
 */
class MainJobTest {
  @TempDir Path folder;

  @Test
  void shouldUpgradeCancelAndUpgradeAgainWithoutLosingAWrite() throws IOException {
    try (var appliance = Appliance.create("main")) {
      appliance.volume("db", "256M");
      appliance.volume("outside", "64M");
      appliance.volume("image", "8M");
      appliance.volume("suite", "64M");
      appliance.anyHost();
      appliance.addPackage("1.2.2");
      String outside = appliance.url("outside");
      Outside.write(outside, 0x11, 0);
      Path image = folder.resolve("image.raw");
      Outside.copyImage(image, appliance.url("image"));
      Outside.assertConforms("SCSI.Write10.*", appliance.url("suite"));
      try (var host = HostSide.start(appliance.url("db"), 1);
          var stranger = Outside.writer(outside, 16 << 20)) {
        host.mark("upgrade, canceled");
        appliance.bascule("upgrade", "start", "1.2.2", "--pause-at", "once-active").ok();
        appliance.awaitState("PAUSED");
        assertThat(appliance.availability()).isEqualTo("AVAILABLE");
        assertThat(appliance.upgrade().text("cancel.warning"))
            .isEqualTo(
                "Canceling the upgrade will result in a reboot of the appliance. Are you sure you"
                    + " want to cancel the upgrade progress?");
        assertThat(appliance.cancel(",\"reason\":\"TAKING_TOO_LONG\"").ok().text("outcome"))
            .isEqualTo("STARTED");
        appliance.awaitState("CANCELED");
        appliance.awaitRedundant("1.2.1");
        host.assertNothingLost();
        Outside.assertHolds(image, appliance.url("image"));

        host.mark("upgrade, completed");
        appliance.bascule("upgrade", "start", "1.2.2").ok();
        appliance.awaitState("COMPLETED");
        appliance.awaitRedundant("1.2.2");

        stranger.stopClean();
        Outside.assertReads(outside, 0x11, 0);
        Outside.assertHolds(image, appliance.url("image"));
        Outside.assertListed(
            "127.0.0.1:" + appliance.iscsiPort,
            appliance.url("db"),
            appliance.get("/volumes/db").text("target"),
            256L << 20);
        Outside.assertConforms("SCSI.Write10.*", appliance.url("suite"));
        var report = host.stopClean();
        assertThat(report.longestPauseMillis()).isLessThan(10_000);
      }
      var history = appliance.get("/upgrades");
      assertThat(history.text("0.state")).isEqualTo("COMPLETED");
      assertThat(history.text("1.state")).isEqualTo("CANCELED");
      assertThat(history.text("1.cancelReason")).isEqualTo("TAKING_TOO_LONG");
      var receipt = appliance.get("/upgrades/" + history.text("1.id") + "/report");
      assertThat(receipt.number("receipt.volumesVerified")).isEqualTo(4);
      assertThat(receipt.number("receipt.writesAcknowledged")).isPositive();
      assertThat(receipt.at("receipt.redundant")).isEqualTo(true);
      assertThat(receipt.text("receipt.versions.0")).isEqualTo("1.2.1");
      assertThat(receipt.text("receipt.versions.1")).isEqualTo("1.2.1");
    }
  }
}
