package io.bascule.controller.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.api.HistoryView;
import io.bascule.core.upgrade.CancelReason;
import io.bascule.core.upgrade.PausePoint;
import io.bascule.core.upgrade.Plan;
import io.bascule.core.upgrade.Planner;
import io.bascule.core.upgrade.Primitive;
import io.bascule.core.upgrade.StepName;
import io.bascule.core.upgrade.StepState;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Any record that there can be is read as it was written; any other text is read or refused. */
class RecordCodecPropertyTest {
  private static final long SEED = Long.getLong("bascule.check.seed", 1);
  private static final int TIMES = Boolean.getBoolean("bascule.check.all") ? 100_000 : 3_000;

  private final Random random = new Random(SEED);

  private <E> E any(E[] values) {
    return values[random.nextInt(values.length)];
  }

  private <T> Optional<T> maybe(Supplier<T> value) {
    return random.nextBoolean() ? Optional.of(value.get()) : Optional.empty();
  }

  private String text() {
    var pieces =
        List.of("", "a", "\"", "\\", "\n", "\u0000", "\u00fc", "\ud83c\udf09", "{}", "null");
    var text = new StringBuilder();
    for (int n = random.nextInt(5); n > 0; n--) {
      text.append(pieces.get(random.nextInt(pieces.size())));
    }
    return text.toString();
  }

  /** As large as a number of JSON is kept: 2^53, far above any revision, counter or rate. */
  private long number() {
    return random.nextLong() >> 11 + random.nextInt(53);
  }

  private int small() {
    return (int) number();
  }

  private Instant time() {
    return Instant.ofEpochSecond(random.nextInt(), random.nextInt(1_000_000_000));
  }

  private Version version() {
    return new Version(random.nextInt(10_000), random.nextInt(10), random.nextInt(10_000));
  }

  private Plan plan() {
    var slots =
        Map.of(ControllerId.CONTROLLER_0, any(Slot.values()), ControllerId.CONTROLLER_1, Slot.B);
    var active = any(ControllerId.values());
    var plan =
        random.nextBoolean()
            ? Planner.rolling(text(), version(), version(), active, slots, number())
            : Planner.migrating(
                text(),
                version(),
                version(),
                active,
                slots,
                number(),
                new Planner.Migration(small(), small(), small()));
    return random.nextInt(4) > 0 ? plan : ofANewerRelease(plan);
  }

  /** With a primitive that this release does not know. */
  private Plan ofANewerRelease(Plan plan) {
    var steps = new ArrayList<>(plan.steps());
    int at = random.nextInt(steps.size());
    var was = steps.get(at);
    var goals = new ArrayList<>(was.goals());
    goals.add(new Primitive.Unknown("LEVITATE" + text()));
    steps.set(
        at,
        new Plan.Planned(
            was.name(), was.controller(), goals, was.inverse(), was.expectedSeconds()));
    return new Plan(
        plan.id(),
        plan.from(),
        plan.to(),
        plan.onceActive(),
        plan.oldSlots(),
        steps,
        plan.undoOrder(),
        plan.rollbackCounter());
  }

  private Upgrade upgrade(Plan plan) {
    var state = any(UpgradeState.values());
    boolean canceled = random.nextBoolean();
    var steps = new ArrayList<Upgrade.StepProgress>();
    for (var step : plan.steps()) {
      steps.add(
          new Upgrade.StepProgress(
              step.name(),
              any(StepState.values()),
              small(),
              maybe(this::time),
              maybe(this::time),
              maybe(this::text)));
    }
    Set<PausePoint> pauseAt = new HashSet<>();
    for (var point : PausePoint.values()) {
      maybe(() -> point).ifPresent(pauseAt::add);
    }
    Set<Version> allowed = new HashSet<>();
    for (int n = random.nextInt(3); n > 0; n--) {
      allowed.add(version());
    }
    return new Upgrade(
        plan,
        state,
        number(),
        state.ended() ? Optional.empty() : Optional.of(any(StepName.values())),
        small(),
        steps,
        pauseAt,
        maybe(this::text),
        maybe(() ->
            new Upgrade.Cancel(
                text(),
                time(),
                maybe(() -> any(CancelReason.values())),
                text(),
                random.nextBoolean(),
                random.nextBoolean())),
        maybe(() -> new Upgrade.Queued(text(), time(), any(CancelReason.values()), text())),
        maybe(() -> new Upgrade.Cause(text(), text())),
        new Upgrade.Row(
            canceled,
            !canceled && random.nextBoolean(),
            random.nextBoolean(),
            allowed,
            maybe(() -> any(ControllerId.values())),
            number()),
        new Upgrade.Tuning(any(Upgrade.Priority.values()), maybe(this::number), small()),
        text(),
        time(),
        state.ended() ? Optional.of(time()) : Optional.empty());
  }

  private Measures measures() {
    return new Measures(
        maybe(this::number),
        maybe(this::number),
        maybe(this::number),
        number(),
        maybe(() ->
            new HistoryView.Receipt(
                small(),
                number(),
                random.nextBoolean(),
                Map.of("0", text(), "1", text()),
                Map.of("0", "A"))));
  }

  @Test
  void shouldReadWhateverItWrites() {
    for (int i = 0; i < TIMES; i++) {
      var plan = plan();
      var upgrade = upgrade(plan);
      var measures = measures();
      String as = "seed %d, record %d".formatted(SEED, i);
      assertThat(RecordCodec.decodePlan(RecordCodec.encodePlan(plan))).as(as).isEqualTo(plan);
      String first = RecordCodec.encodeProgress(upgrade(plan), measures(), null);
      // Written over another one's progress, of which nothing may stay.
      String written =
          RecordCodec.encodeProgress(upgrade, measures, random.nextBoolean() ? first : null);
      assertThat(RecordCodec.decode(plan, written)).as(as).isEqualTo(upgrade);
      assertThat(RecordCodec.decodeMeasures(written)).as(as).isEqualTo(measures);
      var allowed = upgrade.row().allowedReleases();
      assertThat(RecordCodec.releases(RecordCodec.releases(allowed))).as(as).isEqualTo(allowed);
    }
  }

  @Test
  void shouldReadAnyTextOrRefuseIt() {
    int read = 0;
    int refused = 0;
    for (int i = 0; i < TIMES; i++) {
      var plan = plan();
      String planText = mangled(RecordCodec.encodePlan(plan));
      String progress = mangled(RecordCodec.encodeProgress(upgrade(plan), measures(), null));
      for (Supplier<?> reading :
          List.<Supplier<?>>of(
              () -> RecordCodec.decodePlan(planText),
              () -> RecordCodec.decode(plan, progress),
              () -> RecordCodec.decodeMeasures(progress))) {
        try {
          assertThat(reading.get()).isNotNull();
          read++;
        } catch (RecordCodec.Unreadable e) {
          assertThat(e).hasMessageNotContaining("null pointer");
          refused++;
        } catch (RuntimeException e) {
          throw new AssertionError(
              "seed %d, text %d: %s%n%s".formatted(SEED, i, planText, progress), e);
        }
      }
    }
    assertThat(read).isPositive();
    assertThat(refused).isPositive();
  }

  private String mangled(String text) {
    var pieces =
        List.of("{", "}", "[", "]", ",", ":", "\"", "null", "1e9", "\\u", "true", "[null]");
    var mangled = new StringBuilder(text);
    for (int n = 1 + random.nextInt(3); n > 0 && !mangled.isEmpty(); n--) {
      int at = random.nextInt(mangled.length());
      switch (random.nextInt(5)) {
        case 0 -> mangled.insert(at, pieces.get(random.nextInt(pieces.size())));
        case 1 -> mangled.delete(at, Math.min(mangled.length(), at + 1 + random.nextInt(6)));
        case 2 -> mangled.setLength(Math.max(1, at));
        case 3 -> mangled.setCharAt(at, (char) (' ' + random.nextInt(95)));
        default -> replaceAValue(mangled, pieces.get(random.nextInt(pieces.size())));
      }
    }
    return mangled.toString();
  }

  /** What follows a colon becomes something else that is well-formed, more often than not. */
  private void replaceAValue(StringBuilder text, String by) {
    int colon = text.indexOf(":", random.nextInt(text.length()));
    int end = colon < 0 ? -1 : text.indexOf(",", colon);
    if (end > 0) {
      text.replace(colon + 1, end, by);
    }
  }
}
