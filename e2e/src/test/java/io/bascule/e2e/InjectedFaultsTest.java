package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.bascule.platform.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** That what {@link ChaosFaults} injects really happens, and nothing else. */
@EnabledIfSystemProperty(
    named = "bascule.check.all",
    matches = "true",
    disabledReason = "of use where the campaign is: a part of ./check --all")
class InjectedFaultsTest {
  @TempDir Path folder;

  @Test
  void shouldBreakThePeerLinkAlone() throws IOException {
    assumeThat(System.getProperty("user.name")).as("may take descriptors").isEqualTo("root");
    try (var appliance = Appliance.create("link")) {
      appliance.awaitRedundant("1.2.1");
      for (var how : BrokenPeerLink.How.values()) {
        try (var broken = BrokenPeerLink.of(appliance, how)) {
          appliance.eventually("the active misses its peer: " + how, () -> misses(appliance));
          assertThat(appliance.api(1).healthz().status()).as("%s, %s", how, broken).isEqualTo(200);
          assertThat(appliance.api(2).healthz().status()).as("%s, %s", how, broken).isEqualTo(200);
        }
        appliance.awaitRedundant("1.2.1");
      }
    }
  }

  /** Over the peer link; the chassis says that both are there. */
  private static boolean misses(Appliance appliance) {
    var now = appliance.get("/appliance");
    return now.text().contains("over the peer link")
        && now.text("controllers.0.status").equals("ONLINE")
        && now.text("controllers.1.status").equals("ONLINE");
  }

  @Test
  void shouldStepTheClockOfTheApplianceAlone() throws IOException {
    var clock = SteppedClock.in(folder);
    assumeThat(clock).as("a C compiler").isPresent();
    try (var appliance = Appliance.createIn(folder, "clock", clock.get().environment())) {
      clock.get().set(7_200);
      awaitClock(appliance, Duration.ofHours(2));
      clock.get().set(-7_200);
      awaitClock(appliance, Duration.ofHours(-2));
      appliance.awaitRedundant("1.2.1");
    }
  }

  /** What it logs has this process' time but for the offset, give or take a minute. */
  private static void awaitClock(Appliance appliance, Duration offset) throws IOException {
    var active = appliance.awaitActive();
    var began = Instant.now().plus(offset);
    String volume = offset.isNegative() ? "back" : "forward";
    appliance.volume(volume, "4M");
    var log = Layout.of(appliance.data).log(active).resolve("controller.log");
    String line =
        Files.readAllLines(log).stream().filter(l -> l.contains(volume)).findFirst().orElseThrow();
    var logged = Instant.parse(line.substring(0, line.indexOf(' ')));
    assertThat(Duration.between(began, logged)).isBetween(Duration.ZERO, Duration.ofMinutes(1));
  }
}
