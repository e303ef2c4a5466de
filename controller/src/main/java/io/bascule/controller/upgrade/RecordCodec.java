package io.bascule.controller.upgrade;

import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.upgrade.CancelReason;
import io.bascule.core.upgrade.PausePoint;
import io.bascule.core.upgrade.Plan;
import io.bascule.core.upgrade.Primitive;
import io.bascule.core.upgrade.StepName;
import io.bascule.core.upgrade.StepState;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeState;
import io.bascule.core.upgrade.Who;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The upgrade's record as JSON. One release writes it and another goes on with it, in both
 * directions: the field names and codes are frozen since 1.2.1, and fields this release does not
 * know stay as they are when it writes the progress again.
 */
final class RecordCodec {
  private static final JsonType<Object> JSON = Jsonb.builder().build().type(Object.class);

  private RecordCodec() {}

  /** The document is not what a release writes. */
  static final class Unreadable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unreadable(String message) {
      super(message);
    }

    Unreadable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Whatever is wrong with a document, its readers meet one kind of exception. */
  private static <T> T reading(String what, Supplier<T> decoding) {
    try {
      return decoding.get();
    } catch (Unreadable e) {
      throw e;
    } catch (RuntimeException e) {
      throw new Unreadable(what + " of the upgrade makes no sense: " + e.getMessage(), e);
    }
  }

  static String encodePlan(Plan plan) {
    var slots = new LinkedHashMap<String, Object>();
    for (var id : ControllerId.values()) {
      slots.put(Integer.toString(id.number()), plan.slot(id, Primitive.PlanSlot.OLD).name());
    }
    var steps = new ArrayList<Object>();
    for (var step : plan.steps()) {
      var one = new LinkedHashMap<String, Object>();
      one.put("name", step.name().name());
      step.controller().ifPresent(id -> one.put("controller", id.number()));
      one.put("goals", step.goals().stream().map(RecordCodec::encode).toList());
      one.put("inverse", step.inverse().stream().map(RecordCodec::encode).toList());
      one.put("expectedSeconds", step.expectedSeconds());
      steps.add(one);
    }
    var all = new LinkedHashMap<String, Object>();
    all.put("format", 1);
    all.put("id", plan.id());
    all.put("from", plan.from().toString());
    all.put("to", plan.to().toString());
    all.put("onceActive", plan.onceActive().number());
    all.put("oldSlots", slots);
    all.put("steps", steps);
    all.put("undoOrder", plan.undoOrder().stream().map(Enum::name).toList());
    all.put("rollbackCounter", plan.rollbackCounter());
    return JSON.toJson(all);
  }

  static Plan decodePlan(String text) {
    return reading("the plan", () -> decodePlan(Fields.parse(text)));
  }

  private static Plan decodePlan(Fields all) {
    Map<ControllerId, Slot> slots = new EnumMap<>(ControllerId.class);
    var oldSlots = all.object("oldSlots");
    for (var id : ControllerId.values()) {
      slots.put(id, Slot.valueOf(oldSlots.text(Integer.toString(id.number()))));
    }
    var steps = new ArrayList<Plan.Planned>();
    for (var step : all.objects("steps")) {
      steps.add(
          new Plan.Planned(
              StepName.valueOf(step.text("name")),
              step.optionalNumber("controller").map(n -> ControllerId.of(n.intValue())),
              step.objects("goals").stream().map(RecordCodec::decode).toList(),
              step.objects("inverse").stream().map(RecordCodec::decode).toList(),
              (int) step.number("expectedSeconds")));
    }
    return new Plan(
        all.text("id"),
        Version.parse(all.text("from")),
        Version.parse(all.text("to")),
        ControllerId.of((int) all.number("onceActive")),
        slots,
        steps,
        all.texts("undoOrder").stream().map(StepName::valueOf).toList(),
        all.number("rollbackCounter"));
  }

  private static Map<String, Object> encode(Primitive primitive) {
    var one = new LinkedHashMap<String, Object>();
    switch (primitive) {
      case Primitive.Stage stage -> {
        op(one, "STAGE", stage.who());
        one.put("release", stage.release().toString());
      }
      case Primitive.SetSlot set -> {
        op(one, "SET_SLOT", set.who());
        one.put("slot", set.slot().name());
        one.put("fallback", set.fallback());
      }
      case Primitive.Boot boot -> {
        op(one, "BOOT", boot.who());
        one.put("slot", boot.slot().name());
      }
      case Primitive.WaitOnline wait -> {
        op(one, "WAIT_ONLINE", wait.who());
        one.put("release", wait.release().toString());
      }
      case Primitive.HandOver handOver -> {
        one.put("op", "HANDOVER");
        one.put("release", handOver.release().toString());
      }
      case Primitive.WaitStable wait -> op(one, "WAIT_STABLE", wait.who());
      case Primitive.DropSlot drop -> op(one, "DROP_SLOT", drop.who());
      case Primitive.Settle settle -> op(one, "SETTLE", settle.who());
      case Primitive.Phase phase -> {
        one.put("op", "PHASE");
        one.put("number", phase.number());
      }
      case Primitive.Commit commit -> one.put("op", "COMMIT");
      case Primitive.Unknown unknown -> one.put("op", unknown.code());
    }
    return one;
  }

  private static void op(Map<String, Object> one, String code, Who who) {
    one.put("op", code);
    one.put("who", who.name());
  }

  private static Primitive decode(Fields one) {
    String op = one.text("op");
    return switch (op) {
      case "STAGE" -> new Primitive.Stage(who(one), Version.parse(one.text("release")));
      case "SET_SLOT" -> new Primitive.SetSlot(who(one), slot(one), one.flag("fallback"));
      case "BOOT" -> new Primitive.Boot(who(one), slot(one));
      case "WAIT_ONLINE" -> new Primitive.WaitOnline(who(one), Version.parse(one.text("release")));
      case "HANDOVER" -> new Primitive.HandOver(Version.parse(one.text("release")));
      case "WAIT_STABLE" -> new Primitive.WaitStable(who(one));
      case "DROP_SLOT" -> new Primitive.DropSlot(who(one));
      case "SETTLE" -> new Primitive.Settle(who(one));
      case "PHASE" -> new Primitive.Phase((int) one.number("number"));
      case "COMMIT" -> new Primitive.Commit();
      default -> new Primitive.Unknown(op);
    };
  }

  private static Who who(Fields one) {
    return Who.valueOf(one.text("who"));
  }

  private static Primitive.PlanSlot slot(Fields one) {
    return Primitive.PlanSlot.valueOf(one.text("slot"));
  }

  /**
   * The progress of an upgrade.
   *
   * @param before the document as it was, whose unknown fields are kept; null for the first
   */
  static String encodeProgress(Upgrade upgrade, Measures measures, @Nullable String before) {
    Map<String, Object> all =
        before == null ? new LinkedHashMap<>() : new LinkedHashMap<>(Fields.parse(before).values);
    all.put("state", upgrade.state().name());
    all.put("revision", upgrade.revision());
    put(all, "step", upgrade.step().map(Enum::name));
    all.put("attempts", upgrade.attempts());
    all.put("steps", upgrade.steps().stream().map(RecordCodec::encode).toList());
    all.put("pauseAt", upgrade.pauseAt().stream().map(PausePoint::label).sorted().toList());
    put(all, "pausedReason", upgrade.pausedReason());
    put(all, "cancel", upgrade.cancel().map(RecordCodec::encode));
    put(all, "queued", upgrade.queued().map(RecordCodec::encode));
    put(all, "cause", upgrade.cause().map(RecordCodec::encode));
    var row = upgrade.row();
    var columns = new LinkedHashMap<String, Object>();
    columns.put("canceled", row.canceled());
    columns.put("committed", row.committed());
    columns.put("v2Invalid", row.v2Invalid());
    columns.put("allowedReleases", releases(row.allowedReleases()));
    put(columns, "preferredActive", row.preferredActive().map(ControllerId::number));
    columns.put("rollbackCounter", row.rollbackCounter());
    all.put("row", columns);
    var tuning = upgrade.tuning();
    all.put("priority", tuning.priority().name());
    put(all, "maxBytesPerSecond", tuning.maxBytesPerSecond());
    all.put("confirmSeconds", tuning.confirmSeconds());
    all.put("startedBy", upgrade.startedBy());
    all.put("startedAt", upgrade.startedAt().toString());
    put(all, "endedAt", upgrade.endedAt().map(Instant::toString));
    all.put("measures", measures.encode());
    return JSON.toJson(all);
  }

  private static void put(Map<String, Object> all, String name, Optional<?> value) {
    if (value.isPresent()) {
      all.put(name, value.get());
    } else {
      all.remove(name);
    }
  }

  private static Map<String, Object> encode(Upgrade.StepProgress step) {
    var one = new LinkedHashMap<String, Object>();
    one.put("name", step.name().name());
    one.put("state", step.state().name());
    one.put("percent", step.percent());
    put(one, "startedAt", step.startedAt().map(Instant::toString));
    put(one, "endedAt", step.endedAt().map(Instant::toString));
    put(one, "error", step.error());
    return one;
  }

  private static Map<String, Object> encode(Upgrade.Cancel cancel) {
    var one = new LinkedHashMap<String, Object>();
    one.put("by", cancel.by());
    one.put("at", cancel.at().toString());
    put(one, "reason", cancel.reason().map(Enum::name));
    one.put("comment", cancel.comment());
    one.put("acceptDisruption", cancel.acceptDisruption());
    one.put("automatic", cancel.automatic());
    return one;
  }

  private static Map<String, Object> encode(Upgrade.Cause cause) {
    var one = new LinkedHashMap<String, Object>();
    one.put("code", cause.code());
    one.put("detail", cause.detail());
    return one;
  }

  private static Map<String, Object> encode(Upgrade.Queued queued) {
    var one = new LinkedHashMap<String, Object>();
    one.put("by", queued.by());
    one.put("at", queued.at().toString());
    one.put("reason", queued.reason().name());
    one.put("comment", queued.comment());
    return one;
  }

  static String releases(Set<Version> versions) {
    return String.join(",", versions.stream().sorted().map(Version::toString).toList());
  }

  static Set<Version> releases(String text) {
    var versions = new LinkedHashSet<Version>();
    for (String one : text.split(",", -1)) {
      if (!one.isBlank()) {
        versions.add(Version.parse(one.strip()));
      }
    }
    return versions;
  }

  static Upgrade decode(Plan plan, String progress) {
    return reading("the progress", () -> decode(plan, Fields.parse(progress)));
  }

  private static Upgrade decode(Plan plan, Fields all) {
    var columns = all.object("row");
    return new Upgrade(
        plan,
        UpgradeState.valueOf(all.text("state")),
        all.number("revision"),
        all.optional("step").map(StepName::valueOf),
        (int) all.number("attempts"),
        all.objects("steps").stream().map(RecordCodec::decodeStep).toList(),
        Set.copyOf(all.texts("pauseAt").stream().map(PausePoint::parse).toList()),
        all.optional("pausedReason"),
        all.optionalObject("cancel").map(RecordCodec::decodeCancel),
        all.optionalObject("queued").map(RecordCodec::decodeQueued),
        all.optionalObject("cause")
            .map(cause -> new Upgrade.Cause(cause.text("code"), cause.text("detail"))),
        new Upgrade.Row(
            columns.flag("canceled"),
            columns.flag("committed"),
            columns.flag("v2Invalid"),
            releases(columns.text("allowedReleases")),
            columns.optionalNumber("preferredActive").map(n -> ControllerId.of(n.intValue())),
            columns.number("rollbackCounter")),
        new Upgrade.Tuning(
            Upgrade.Priority.valueOf(all.text("priority")),
            all.optionalNumber("maxBytesPerSecond"),
            (int) all.number("confirmSeconds")),
        all.text("startedBy"),
        Instant.parse(all.text("startedAt")),
        all.optional("endedAt").map(Instant::parse));
  }

  static Measures decodeMeasures(String progress) {
    return reading(
        "the progress",
        () ->
            Fields.parse(progress)
                .optionalObject("measures")
                .map(Measures::decode)
                .orElse(Measures.NONE));
  }

  private static Upgrade.StepProgress decodeStep(Fields step) {
    return new Upgrade.StepProgress(
        StepName.valueOf(step.text("name")),
        StepState.valueOf(step.text("state")),
        (int) step.number("percent"),
        step.optional("startedAt").map(Instant::parse),
        step.optional("endedAt").map(Instant::parse),
        step.optional("error"));
  }

  private static Upgrade.Cancel decodeCancel(Fields cancel) {
    return new Upgrade.Cancel(
        cancel.text("by"),
        Instant.parse(cancel.text("at")),
        cancel.optional("reason").map(CancelReason::valueOf),
        cancel.text("comment"),
        cancel.flag("acceptDisruption"),
        cancel.flag("automatic"));
  }

  private static Upgrade.Queued decodeQueued(Fields queued) {
    return new Upgrade.Queued(
        queued.text("by"),
        Instant.parse(queued.text("at")),
        CancelReason.valueOf(queued.text("reason")),
        queued.text("comment"));
  }

  /** An object of the document, with the complaint that names what is missing. */
  record Fields(Map<String, Object> values) {
    static Fields parse(String text) {
      return of(JSON.fromJson(text), "the record");
    }

    private static Fields of(@Nullable Object value, String what) {
      if (value instanceof Map<?, ?> map) {
        var values = new LinkedHashMap<String, Object>();
        map.forEach((name, field) -> values.put(String.valueOf(name), field));
        return new Fields(values);
      }
      throw new Unreadable(what + " is no object: " + value);
    }

    String text(String name) {
      return optional(name).orElseThrow(() -> new Unreadable("'" + name + "' is missing"));
    }

    Optional<String> optional(String name) {
      return Optional.ofNullable(values.get(name)).map(Object::toString);
    }

    long number(String name) {
      return optionalNumber(name).orElseThrow(() -> new Unreadable("'" + name + "' is missing"));
    }

    Optional<Long> optionalNumber(String name) {
      return Optional.ofNullable(values.get(name))
          .map(value -> {
            if (value instanceof Number number) {
              return number.longValue();
            }
            throw new Unreadable("'" + name + "' is no number: " + value);
          });
    }

    boolean flag(String name) {
      return values.get(name) instanceof Boolean flag && flag;
    }

    Fields object(String name) {
      return of(values.get(name), "'" + name + "'");
    }

    Optional<Fields> optionalObject(String name) {
      return values.containsKey(name) ? Optional.of(object(name)) : Optional.empty();
    }

    List<Fields> objects(String name) {
      return list(name).stream().map(one -> of(one, "an entry of '" + name + "'")).toList();
    }

    List<String> texts(String name) {
      return list(name).stream().map(Object::toString).toList();
    }

    private List<?> list(String name) {
      if (values.get(name) instanceof List<?> list) {
        return list;
      }
      throw new Unreadable("'" + name + "' is no list");
    }
  }
}
