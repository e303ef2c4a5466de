package io.bascule.controller.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.upgrade.World;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PrechecksTest {
  private static final long PACKAGE = 20L << 20;
  private static final long ALLOCATED = 10L << 30;

  @Test
  void shouldWantRoomForTheNewSlots() {
    assertThat(Prechecks.space(PACKAGE, false, ALLOCATED, 300L << 20).passed()).isTrue();
    var refused = Prechecks.space(PACKAGE, false, ALLOCATED, 200L << 20);
    assertThat(refused.passed()).isFalse();
    assertThat(refused.detail()).isEqualTo("264 MiB needed for the new slots, 200 MiB free.");
    assertThat(refused.remedy()).isNotNull();
  }

  @Test
  void shouldNameTheVolumesThatCannotBeCopied() {
    assertThat(Prechecks.volumesSound(List.of()).passed()).isTrue();
    var refused = Prechecks.volumesSound(List.of("db", "mail"));
    assertThat(refused.passed()).isFalse();
    assertThat(refused.detail()).contains("volumes db, mail");
    assertThat(refused.remedy()).contains("bascule volume check");
  }

  @Test
  void shouldNotTakeAControllerThatIsOffForOneOfAnotherRelease() {
    var release = Version.parse("1.2.1");
    var off =
        new ControllerBoot(
            ControllerId.CONTROLLER_0,
            Status.OFF,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Slot.A,
            Optional.empty(),
            0,
            false,
            ControllerBoot.BootCause.POWER_ON,
            Optional.empty(),
            0,
            0);
    var world =
        new World(
            ControllerId.CONTROLLER_1,
            release,
            Map.of(ControllerId.CONTROLLER_0, off),
            false,
            Map.of(),
            Map.of());
    var check = Prechecks.sameRelease(world);
    assertThat(check.passed()).isFalse();
    assertThat(check.detail()).contains("Controller 0 does not say which release it runs");
    assertThat(check.remedy()).contains("ONLINE").doesNotContain("Reboot");
  }

  @Test
  void shouldWantRoomForBothFormatsWhenTheReleaseMigrates() {
    var refused = Prechecks.space(PACKAGE, true, ALLOCATED, 11L << 30);
    assertThat(refused.passed()).isFalse();
    assertThat(refused.detail()).contains("for format 2 beside format 1");
    assertThat(Prechecks.space(PACKAGE, true, ALLOCATED, 14L << 30).passed()).isTrue();
    assertThat(Prechecks.space(PACKAGE, true, 0, 600L << 20).passed()).isTrue();
  }
}
