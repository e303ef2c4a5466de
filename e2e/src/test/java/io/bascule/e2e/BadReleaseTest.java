package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.e2e.faulty.CrashesAtBoot;
import io.bascule.e2e.faulty.HangsLater;
import io.bascule.e2e.faulty.NeverHealthy;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A release that does not work is undone by itself, the cause is shown, and hosts notice nothing. A
 * rotating one in ./check, all of them in ./check --all.
 */
@Order(1) // Long: begins first.
class BadReleaseTest {
  static Stream<Class<?>> releases() {
    var all = List.<Class<?>>of(CrashesAtBoot.class, NeverHealthy.class, HangsLater.class);
    if (Boolean.getBoolean("bascule.check.all")) {
      return all.stream();
    }
    long seed = Long.getLong("bascule.check.seed", 1);
    return Stream.of(all.get((int) Math.floorMod(seed, all.size())));
  }

  @ParameterizedTest
  @MethodSource("releases")
  void shouldReturnByItself(Class<?> mainClass) throws IOException {
    var bad = BadReleases.compose(mainClass);
    try (var appliance = Appliance.create("bad")) {
      appliance.setBootDeadline(8_000);
      appliance.volume("v", "64M");
      appliance.anyHost();
      appliance.bascule("package", "add", bad.toString()).ok();
      try (var host = HostSide.start(appliance.url("v"), 4)) {
        appliance.bascule("upgrade", "start", "1.2.2").ok();
        appliance.awaitState("FAILED");
        var now = appliance.upgrade();
        assertThat(now.text("cause.code")).isEqualTo("BOOT_FAILED");
        assertThat(now.text("cause.detail")).contains("1.2.2").contains("controller");
        if (mainClass == CrashesAtBoot.class) {
          assertThat(now.text("cause.detail")).contains("cannot start");
        }
        appliance.awaitRedundant("1.2.1");
        var report = host.stopClean();
        // Only a release that hangs once it serves is felt by hosts: until it is fenced.
        assertThat(report.longestPauseMillis())
            .isLessThan(mainClass == HangsLater.class ? 15_000 : 3_000);
      }
      var slots = appliance.get("/appliance");
      assertThat(slots.at("controllers.0.slots.B")).isNull();
      assertThat(slots.at("controllers.1.slots.B")).isNull();
    }
  }
}
