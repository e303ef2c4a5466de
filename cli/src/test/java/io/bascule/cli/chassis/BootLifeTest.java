package io.bascule.cli.chassis;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import io.bascule.core.chassis.ControllerBoot.Failure;
import io.bascule.platform.ProcessIdentity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The machine alone: every pair of phase and input, then what it counts. */
final class BootLifeTest {
  private static final BootTimes TIMES = new BootTimes(30_000, 3_000, 10_000);
  private static final BootLife LIFE = new BootLife(TIMES);
  private static final long NOW = 100_000;
  private static final long PID = 4711;
  private static final Version RELEASE = Version.parse("1.2.1");
  private static final ProcessIdentity PROCESS = new ProcessIdentity(PID, 1, "boot");
  private static final Phase.Running RUNNING = new Phase.Running(PROCESS, Slot.A, "");
  private static final Phase.Said SAID = new Phase.Said(Role.STANDBY, Status.ONLINE, RELEASE);

  // ---- every pair

  /**
   * {@code boot-life.txt} holds what every input does in every phase: the next phase, the effects
   * beside log lines, a refusal, or "broken" where it can only be a bug of ours.
   */
  @Test
  void shouldDoInEveryPhaseWithEveryInputWhatTheTableSays() throws IOException {
    var table = new StringBuilder();
    for (var phase : phases().entrySet()) {
      table.append(phase.getKey()).append('\n');
      for (var input : inputs().entrySet()) {
        table.append(
            "  %-22s %s%n".formatted(input.getKey(), outcome(phase.getValue(), input.getValue())));
      }
    }
    try (var expected = BootLifeTest.class.getResourceAsStream("boot-life.txt")) {
      assertThat(expected).isNotNull();
      assertThat(table.toString())
          .isEqualTo(new String(expected.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  private static String outcome(Phase phase, BootInput input) {
    BootLife.Step step;
    try {
      step = LIFE.step(state(phase), at(NOW), input);
    } catch (Check.BrokenInvariant e) {
      return "broken";
    }
    if (step.refusal().isPresent()) {
      assertThat(step.state()).isEqualTo(state(phase));
      return "refused: " + step.refusal().get();
    }
    var words = new StringBuilder(name(step.state().phase()));
    for (var effect : step.effects()) {
      switch (effect) {
        case BootEffect.Launch launch -> words.append(" +launch ").append(launch.slot());
        case BootEffect.Kill _ -> words.append(" +kill");
        case BootEffect.Terminate _ -> words.append(" +terminate");
        case BootEffect.Tell _ -> {}
      }
    }
    return words.toString();
  }

  private static String name(Phase phase) {
    return switch (phase) {
      case Phase.Ending ending -> "Ending, then " + ending.next().getClass().getSimpleName();
      case Phase.Up up -> up.stable() ? "Up, stable" : "Up";
      case Phase.Waiting waiting -> "Waiting " + (waiting.dueMillis() - NOW) + " ms";
      default -> phase.getClass().getSimpleName();
    };
  }

  private static Map<String, Phase> phases() {
    var phases = new LinkedHashMap<String, Phase>();
    phases.put("Off", new Phase.Off());
    phases.put("Down", new Phase.Down());
    phases.put("Failed", new Phase.Failed());
    phases.put("Waiting", new Phase.Waiting(NOW + 700));
    phases.put("Waiting, due", new Phase.Waiting(NOW));
    phases.put("Launching", new Phase.Launching());
    phases.put("Booting", booting(NOW + 1, Optional.empty()));
    phases.put("Booting, heard of", booting(NOW + 1, Optional.of(NOW - 2_999)));
    phases.put("Booting, then silent", booting(NOW + 1, Optional.of(NOW - 3_000)));
    phases.put("Booting, too late", booting(NOW, Optional.of(NOW)));
    phases.put("Up", up(NOW - 2_999, Optional.of(NOW - 9_999), false));
    phases.put("Up for 10 s", up(NOW, Optional.of(NOW - 10_000), false));
    phases.put("Up, silent", up(NOW - 3_000, Optional.of(NOW - 9_999), false));
    phases.put("Up, stable", up(NOW, Optional.of(NOW - 20_000), true));
    phases.put("Up, stable, silent", up(NOW - 3_000, Optional.of(NOW - 20_000), true));
    phases.put("Ending, then Boot", ending(new Phase.Next.Boot(BootCause.HANG)));
    phases.put("Ending, then Fail", ending(new Phase.Next.Fail(BootCause.HANG, "hung")));
    phases.put("Ending, then PowerOff", ending(new Phase.Next.PowerOff()));
    phases.put("Ending, then GoDown", ending(new Phase.Next.GoDown()));
    phases.put("Ending, not yet gone", new Phase.Ending(RUNNING, new Phase.Next.PowerOff(), NOW));
    return phases;
  }

  private static Map<String, BootInput> inputs() {
    var inputs = new LinkedHashMap<String, BootInput>();
    inputs.put("time", new BootInput.Tick());
    inputs.put("launched", new BootInput.Launched(PROCESS));
    inputs.put("launch failed", new BootInput.LaunchFailed("no"));
    inputs.put("says ONLINE", new BootInput.Answered(PID, Role.STANDBY, Status.ONLINE, RELEASE));
    inputs.put(
        "says RECOVERING", new BootInput.Answered(PID, Role.STANDBY, Status.RECOVERING, RELEASE));
    inputs.put("another answers", new BootInput.Answered(1, Role.ACTIVE, Status.ONLINE, RELEASE));
    inputs.put("dies", new BootInput.Exited(PID, Optional.empty(), "died", ""));
    inputs.put("reboots", exited(BootInput.Intent.REBOOT));
    inputs.put("powers off", exited(BootInput.Intent.POWER_OFF));
    inputs.put("another dies", new BootInput.Exited(1, Optional.empty(), "died", ""));
    inputs.put("SET_SLOT B", setSlot("t"));
    inputs.put("SET_SLOT B, empty", new BootInput.SetSlot(Slot.B, Optional.empty(), "t", false));
    inputs.put("SET_SLOT B else B", new BootInput.SetSlot(Slot.B, Optional.of(Slot.B), "t", true));
    inputs.put("BOOT", new BootInput.Boot("test"));
    inputs.put("SETTLE", new BootInput.Settle());
    inputs.put("POWER_OFF", new BootInput.PowerOff());
    inputs.put("POWER_ON", new BootInput.PowerOn(Optional.empty(), true));
    inputs.put("POWER_ON A", new BootInput.PowerOn(Optional.of(Slot.A), true));
    inputs.put("POWER_ON B", new BootInput.PowerOn(Optional.of(Slot.B), true));
    inputs.put("POWER_ON B, empty", new BootInput.PowerOn(Optional.of(Slot.B), false));
    inputs.put("DOWN", new BootInput.GoDown());
    return inputs;
  }

  // ---- what is counted

  @Test
  void shouldFallBackAfterThreeFailuresWithoutAnyPause() {
    var state = booted(state(new Phase.Off()), setSlot("t"));
    assertThat(state.plan().fallback()).contains(Slot.A);
    for (int i = 1; i <= 2; i++) {
      state = booted(state, died("bad"));
      assertThat(state.plan().attempts()).isEqualTo(i);
      assertThat(state.plan().slot()).isEqualTo(Slot.B);
    }
    state = booted(state, died("bad"));
    assertThat(state.plan().slot()).isEqualTo(Slot.A);
    assertThat(state.plan().attempts()).isZero();
    assertThat(state.plan().fallback()).isEmpty();
    assertThat(state.plan().lastFailure()).contains(new Failure(Slot.B, "t", "bad"));
    assertThat(state.process().orElseThrow().slot()).isEqualTo(Slot.A);
  }

  @Test
  void shouldFailAfterFiveFailuresWithGrowingPauses() {
    var state = booted(state(new Phase.Off()), new BootInput.PowerOn(Optional.empty(), true));
    var pauses = new java.util.ArrayList<Long>();
    for (int i = 1; i <= 4; i++) {
      state = LIFE.step(state, at(NOW), died("bad")).state();
      long pause = state.phase() instanceof Phase.Waiting waiting ? waiting.dueMillis() - NOW : 0;
      pauses.add(pause);
      if (pause > 0) {
        state = LIFE.step(state, at(NOW + pause), new BootInput.Tick()).state();
      }
      state = launched(state);
    }
    assertThat(pauses).containsExactly(0L, 1_000L, 2_000L, 4_000L);
    state = LIFE.step(state, at(NOW), died("bad")).state();
    assertThat(state.phase()).isEqualTo(new Phase.Failed());
    assertThat(state.status()).isEqualTo(Status.FAILED);
    assertThat(state.plan().lastFailure()).contains(new Failure(Slot.A, "", "bad"));
    assertThat(state.plan().attempts()).isEqualTo(5);
  }

  @Test
  void shouldForgetFailuresOnceStable() {
    var state = booted(state(new Phase.Off()), new BootInput.PowerOn(Optional.empty(), true));
    state = booted(state, died("bad"));
    assertThat(state.plan().attempts()).isEqualTo(1);
    state = LIFE.step(state, at(NOW), online()).state();
    assertThat(state.plan().attempts()).isEqualTo(1);
    state = LIFE.step(state, at(NOW + 9_000), online()).state();
    state = LIFE.step(state, at(NOW + 9_999), new BootInput.Tick()).state();
    assertThat(state.stable()).isFalse();
    state = LIFE.step(state, at(NOW + 10_000), new BootInput.Tick()).state();
    assertThat(state.stable()).isTrue();
    assertThat(state.plan().attempts()).isZero();
  }

  @Test
  void shouldNotCountHangsOfAControllerThatWasOnline() {
    var state = booted(state(new Phase.Off()), new BootInput.PowerOn(Optional.empty(), true));
    for (int i = 0; i < 10; i++) {
      state = hung(state);
      assertThat(state.plan().attempts()).isZero();
      assertThat(state.cause()).isEqualTo(BootCause.HANG);
    }
  }

  @Test
  void shouldFallBackFromASlotOnTrialThatHangsOnceOnline() {
    var state = booted(state(new Phase.Off()), setSlot("t"));
    state = hung(hung(hung(state)));
    assertThat(state.plan().slot()).isEqualTo(Slot.A);
    assertThat(state.plan().lastFailure().orElseThrow().cause()).contains("hung");
  }

  /** It comes ONLINE, falls silent before it is stable, is killed, and boots again. */
  private static BootState hung(BootState booting) {
    var state = LIFE.step(booting, at(NOW), online()).state();
    state = LIFE.step(state, at(NOW + 3_000), new BootInput.Tick()).state();
    return launched(LIFE.step(state, at(NOW + 3_000), died("killed")).state());
  }

  @Test
  void shouldNotCountTheEndOfAProcessOfAnotherPlan() {
    var state = booted(state(new Phase.Off()), new BootInput.PowerOn(Optional.empty(), true));
    state = LIFE.step(state, at(NOW), setSlot("t")).state();
    var step = LIFE.step(state, at(NOW), died("bad"));
    assertThat(step.state().plan().attempts()).isZero();
    assertThat(step.effects()).contains(new BootEffect.Launch(Slot.B));
  }

  @Test
  void shouldKnowARepeatedRequestAgainEvenAfterItsFallback() {
    var state = booted(state(new Phase.Off()), setSlot("t"));
    state = booted(state, died("bad"));
    var again = LIFE.step(state, at(NOW), setSlot("t")).state();
    assertThat(again.plan().attempts()).isEqualTo(1);
    state = booted(booted(state, died("bad")), died("bad"));
    again = LIFE.step(state, at(NOW), setSlot("t")).state();
    assertThat(again.plan()).isEqualTo(state.plan());
    var anew = LIFE.step(state, at(NOW), setSlot("u")).state();
    assertThat(anew.plan().slot()).isEqualTo(Slot.B);
    assertThat(anew.plan().lastFailure()).isEmpty();
  }

  @Test
  void shouldShowASilentControllerAsRecoveringAndKeepSinceOtherwise() {
    var state = LIFE.step(state(booting(NOW + 1, Optional.empty())), at(NOW), online()).state();
    assertThat(state.status()).isEqualTo(Status.ONLINE);
    long since = state.sinceMillis();
    state = LIFE.step(state, at(NOW + 1_000), new BootInput.Tick()).state();
    assertThat(state.status()).isEqualTo(Status.ONLINE);
    assertThat(state.sinceMillis()).isEqualTo(since);
    state = LIFE.step(state, at(NOW + 1_001), new BootInput.Tick()).state();
    assertThat(state.status()).isEqualTo(Status.RECOVERING);
    assertThat(state.sinceMillis()).isEqualTo(at(NOW + 1_001).wallMillis());
  }

  @Test
  void shouldNotCountAPowerCutOfTheMachine() {
    var state = booted(state(new Phase.Off()), setSlot("t"));
    var step = LIFE.resume(state, Optional.of((BootInput.Exited) died("gone")), false, at(0));
    assertThat(step.state().plan().attempts()).isZero();
    assertThat(step.state().cause()).isEqualTo(BootCause.POWER_ON);
    assertThat(step.effects()).contains(new BootEffect.Launch(Slot.B));
  }

  /** Whatever happens in whatever order: one process at most, and no more boots than allowed. */
  @Test
  void shouldHoldItsInvariantsInAnyOrderOfInputs() {
    long seed = Long.getLong("bascule.check.seed", new Random().nextLong());
    var random = new Random(seed);
    var inputs = inputs().values().toArray(BootInput[]::new);
    for (int run = 0; run < 300; run++) {
      var state = state(new Phase.Down());
      state = launched(LIFE.resume(state, Optional.empty(), true, at(0)).state());
      long now = 0;
      for (int i = 0; i < 200; i++) {
        now += random.nextInt(4_000);
        var input = inputs[random.nextInt(inputs.length)];
        if (input instanceof BootInput.Launched
            || input instanceof BootInput.LaunchFailed
            || input instanceof BootInput.GoDown) {
          continue;
        }
        boolean hadProcess = state.process().isPresent();
        var step = LIFE.step(state, at(now), input);
        boolean launches =
            step.effects().stream().anyMatch(effect -> effect instanceof BootEffect.Launch);
        String where = "seed %d, run %d: %s in %s".formatted(seed, run, input, state);
        if (launches && hadProcess) {
          assertThat(input).as(where).isInstanceOf(BootInput.Exited.class);
        }
        assertThat(step.state().phase() instanceof Phase.Launching).as(where).isEqualTo(launches);
        assertThat(step.state().plan().attempts()).as(where).isBetween(0, 5);
        state = launches ? launched(step.state()) : step.state();
        var record = BootRecord.of(state, "boot");
        assertThat(BootRecord.of(record.state(), "boot")).as(where).isEqualTo(record);
      }
    }
  }

  // ---- helpers

  private static BootState booted(BootState state, BootInput input) {
    var step = LIFE.step(state, at(NOW), input);
    var next = step.state();
    if (next.phase() instanceof Phase.Off) {
      next = LIFE.step(next, at(NOW), new BootInput.PowerOn(Optional.empty(), true)).state();
    }
    return launched(next);
  }

  private static BootState launched(BootState state) {
    return LIFE.step(state, at(NOW), new BootInput.Launched(PROCESS)).state();
  }

  private static BootInput setSlot(String tag) {
    return new BootInput.SetSlot(Slot.B, Optional.of(Slot.A), tag, true);
  }

  private static BootInput died(String how) {
    return new BootInput.Exited(PID, Optional.empty(), how, "");
  }

  private static BootInput online() {
    return new BootInput.Answered(PID, Role.STANDBY, Status.ONLINE, RELEASE);
  }

  private static BootInput exited(BootInput.Intent intent) {
    return new BootInput.Exited(PID, Optional.of(intent), "exited with code 64", "");
  }

  private static Phase booting(long deadline, Optional<Long> heard) {
    return new Phase.Booting(RUNNING, deadline, heard, Optional.empty());
  }

  private static Phase up(long heard, Optional<Long> onlineSince, boolean stable) {
    return new Phase.Up(RUNNING, heard, onlineSince, stable, Optional.of(SAID));
  }

  private static Phase ending(Phase.Next next) {
    return new Phase.Ending(RUNNING, next, NOW + 1);
  }

  private static BootState state(Phase phase) {
    return new BootState(
        ControllerId.CONTROLLER_0,
        BootPlan.first(Slot.A),
        phase,
        BootCause.POWER_ON,
        Status.RECOVERING,
        1);
  }

  private static Moment at(long runMillis) {
    return new Moment(runMillis, 1_700_000_000_000L + runMillis);
  }
}
