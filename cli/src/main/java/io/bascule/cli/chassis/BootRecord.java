package io.bascule.cli.chassis;

import io.avaje.jsonb.Json;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import io.bascule.cli.chassis.Phase.Next;
import io.bascule.cli.chassis.Phase.Running;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import io.bascule.core.chassis.ControllerBoot.Failure;
import io.bascule.platform.ProcessIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What {@code boot.json} holds: as much of a {@link BootState} as the next chassis needs. Deadlines
 * are not in it; they start anew.
 *
 * @param format of this record; a chassis refuses a higher one
 * @param phase OFF, DOWN, FAILED, WAITING, LAUNCHING, BOOTING, UP or ENDING
 * @param next with ENDING: BOOT, FAIL, OFF or DOWN
 * @param nextCause with BOOT and FAIL
 * @param nextWhy with FAIL
 */
@Json
record BootRecord(
    int format,
    int controller,
    String bootSlot,
    @Nullable String fallback,
    String tag,
    String askedSlot,
    @Nullable String askedFallback,
    int attempts,
    @Nullable String failedSlot,
    @Nullable String failedTag,
    @Nullable String failedCause,
    String phase,
    String bootCause,
    boolean stable,
    @Nullable Process process,
    @Nullable String next,
    @Nullable String nextCause,
    @Nullable String nextWhy,
    String bootId,
    String status,
    long sinceMillis) {

  private static final int FORMAT = 1;
  private static final JsonType<BootRecord> JSON = Jsonb.instance().type(BootRecord.class);

  /** The process of BOOTING, UP and ENDING. */
  @Json
  record Process(long pid, long startTicks, String bootId, String slot, String tag) {}

  static BootRecord of(BootState state, String bootId) {
    var plan = state.plan();
    var failure = plan.lastFailure();
    var next = state.phase() instanceof Phase.Ending ending ? ending.next() : null;
    return new BootRecord(
        FORMAT,
        state.id().number(),
        plan.slot().name(),
        plan.fallback().map(Enum::name).orElse(null),
        plan.tag(),
        plan.asked().slot().name(),
        plan.asked().fallback().map(Enum::name).orElse(null),
        plan.attempts(),
        failure.map(f -> f.slot().name()).orElse(null),
        failure.map(Failure::tag).orElse(null),
        failure.map(Failure::cause).orElse(null),
        phaseCode(state.phase()),
        state.cause().name(),
        state.stable(),
        state.process().map(BootRecord::process).orElse(null),
        nextCode(next),
        switch (next) {
          case Next.Boot boot -> boot.cause().name();
          case Next.Fail fail -> fail.cause().name();
          case Next.PowerOff _, Next.GoDown _ -> null;
          case null -> null;
        },
        next instanceof Next.Fail fail ? fail.why() : null,
        bootId,
        state.status().name(),
        state.sinceMillis());
  }

  /**
   * Whether a crash that finds the other record instead of this one loses nothing. The status and
   * its time are only shown; they follow from what a controller says next.
   */
  boolean isAsGoodAs(BootRecord other) {
    return withStatusOf(other).equals(other);
  }

  private BootRecord withStatusOf(BootRecord other) {
    return new BootRecord(
        format,
        controller,
        bootSlot,
        fallback,
        tag,
        askedSlot,
        askedFallback,
        attempts,
        failedSlot,
        failedTag,
        failedCause,
        phase,
        bootCause,
        stable,
        process,
        next,
        nextCause,
        nextWhy,
        bootId,
        other.status,
        other.sinceMillis);
  }

  /** The state this was made of; all its times are 0. */
  BootState state() {
    var failure =
        failedSlot == null
            ? Optional.<Failure>empty()
            : Optional.of(
                new Failure(Slot.valueOf(failedSlot), orEmpty(failedTag), orEmpty(failedCause)));
    var plan =
        new BootPlan(
            Slot.valueOf(bootSlot),
            slot(fallback),
            tag,
            new BootPlan.Asked(Slot.valueOf(askedSlot), slot(askedFallback)),
            attempts,
            failure);
    return new BootState(
        ControllerId.of(controller),
        plan,
        phaseOf(),
        BootCause.valueOf(bootCause),
        Status.valueOf(status),
        sinceMillis);
  }

  private Phase phaseOf() {
    return switch (phase) {
      case "OFF" -> new Phase.Off();
      case "DOWN" -> new Phase.Down();
      case "FAILED" -> new Phase.Failed();
      case "WAITING" -> new Phase.Waiting(0);
      case "LAUNCHING" -> new Phase.Launching();
      case "BOOTING" -> new Phase.Booting(running(), 0, Optional.empty(), Optional.empty());
      case "UP" -> new Phase.Up(running(), 0, Optional.empty(), stable, Optional.empty());
      case "ENDING" -> new Phase.Ending(running(), nextOf(), 0);
      default -> throw new IllegalArgumentException("unknown phase '" + phase + "'");
    };
  }

  private Running running() {
    if (process == null) {
      throw new IllegalArgumentException(phase + " without a process");
    }
    return new Running(
        new ProcessIdentity(process.pid(), process.startTicks(), process.bootId()),
        Slot.valueOf(process.slot()),
        process.tag());
  }

  private Next nextOf() {
    return switch (orEmpty(next)) {
      case "BOOT" -> new Next.Boot(BootCause.valueOf(orEmpty(nextCause)));
      case "FAIL" -> new Next.Fail(BootCause.valueOf(orEmpty(nextCause)), orEmpty(nextWhy));
      case "OFF" -> new Next.PowerOff();
      case "DOWN" -> new Next.GoDown();
      default -> throw new IllegalArgumentException("unknown next '" + next + "'");
    };
  }

  /**
   * Reads a controller's record.
   *
   * @return empty if there is none yet
   * @throws IOException if it is damaged or newer than this chassis
   */
  static Optional<BootRecord> load(Path file) throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      var record = JSON.fromJson(Files.readString(file));
      if (record.format() > FORMAT) {
        throw new IOException(file + " was written by a newer chassis (format " + record.format());
      }
      var _ = record.state();
      return Optional.of(record);
    } catch (RuntimeException e) {
      throw new IOException(file + " is damaged: " + e.getMessage(), e);
    }
  }

  /**
   * Replaces the file, durably: after this returns, a crash finds this record; during, one of two.
   */
  void store(Path file) throws IOException {
    var folder = file.getParent();
    var fresh = file.resolveSibling(file.getFileName() + ".new");
    var ownerOnly =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    var options =
        EnumSet.of(
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING);
    try (var channel = FileChannel.open(fresh, options, ownerOnly)) {
      var bytes = ByteBuffer.wrap(JSON.toJsonPretty(this).getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    try (var directory = FileChannel.open(folder, StandardOpenOption.READ)) {
      directory.force(true);
    }
  }

  private static String phaseCode(Phase phase) {
    return switch (phase) {
      case Phase.Off _ -> "OFF";
      case Phase.Down _ -> "DOWN";
      case Phase.Failed _ -> "FAILED";
      case Phase.Waiting _ -> "WAITING";
      case Phase.Launching _ -> "LAUNCHING";
      case Phase.Booting _ -> "BOOTING";
      case Phase.Up _ -> "UP";
      case Phase.Ending _ -> "ENDING";
    };
  }

  private static @Nullable String nextCode(@Nullable Next next) {
    return switch (next) {
      case Next.Boot _ -> "BOOT";
      case Next.Fail _ -> "FAIL";
      case Next.PowerOff _ -> "OFF";
      case Next.GoDown _ -> "DOWN";
      case null -> null;
    };
  }

  private static Process process(Running running) {
    var identity = running.identity();
    return new Process(
        identity.pid(),
        identity.startTicks(),
        identity.bootId(),
        running.slot().name(),
        running.tag());
  }

  private static Optional<Slot> slot(@Nullable String name) {
    return Optional.ofNullable(name).map(Slot::valueOf);
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }
}
