package io.bascule.core.chassis;

import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.link.Frame;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * What the chassis knows of one controller.
 *
 * @param status ONLINE or RECOVERING as the controller says while it answers; RECOVERING while it
 *     boots or does not answer; FAILED when the attempts are used up; OFF without power
 * @param role as the controller last said in this boot; empty before it did
 * @param release as the controller last said in this boot; empty before it did
 * @param runningSlot the slot the current process was started from; empty without a process
 * @param bootSlot the slot of the next boot
 * @param fallback the slot a failing boot falls back to; empty when there is none
 * @param attempts boots of {@code bootSlot} that failed since it was set
 * @param stable the current process has been ONLINE for 10 s
 * @param bootCause why the current boot happened
 * @param lastFailure the last fallback or exhaustion; kept until the slot is set again under
 *     another tag
 * @param pid of the current process, or 0
 * @param sinceMillis wall clock of the last change of status
 */
public record ControllerBoot(
    ControllerId id,
    Status status,
    Optional<Role> role,
    Optional<Version> release,
    Optional<Slot> runningSlot,
    Slot bootSlot,
    Optional<Slot> fallback,
    int attempts,
    boolean stable,
    BootCause bootCause,
    Optional<Failure> lastFailure,
    long pid,
    long sinceMillis) {

  /** Why a boot happened. */
  public enum BootCause {
    /** Power came on: {@code up}, or an operator's power-on. */
    POWER_ON,
    /** Somebody asked: the upgrade, a reboot, a handover. */
    REQUESTED,
    /** The process died. */
    CRASH,
    /** The chassis cut its power because it hung. */
    HANG,
    /** It did not come ONLINE in time. */
    BOOT_TIMEOUT
  }

  /**
   * A slot that would not come up.
   *
   * @param tag of the SET_SLOT that chose it
   * @param cause in a sentence, for a person
   */
  public record Failure(Slot slot, String tag, String cause) {}

  /** Whether a process of it runs, or is being started again by itself. */
  public boolean hasPower() {
    return status != Status.OFF && status != Status.FAILED;
  }

  /** This record as one text field of a frame. */
  public String encode() {
    var frame =
        Frame.of(
            "CONTROLLER",
            "id",
            id.number(),
            "status",
            status,
            "role",
            role.map(Enum::name).orElse(""),
            "release",
            release.map(Version::toString).orElse(""),
            "runningSlot",
            runningSlot.map(Enum::name).orElse(""),
            "bootSlot",
            bootSlot,
            "fallback",
            fallback.map(Enum::name).orElse(""),
            "attempts",
            attempts,
            "stable",
            stable,
            "bootCause",
            bootCause,
            "failedSlot",
            lastFailure.map(f -> f.slot().name()).orElse(""),
            "failedTag",
            lastFailure.map(Failure::tag).orElse(""),
            "failedCause",
            lastFailure.map(Failure::cause).orElse(""),
            "pid",
            pid,
            "sinceMillis",
            sinceMillis);
    var bytes = new ByteArrayOutputStream();
    try {
      frame.writeTo(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }

  /** Reads what {@link #encode} wrote. */
  public static ControllerBoot decode(String text) {
    Frame frame;
    try {
      frame = Frame.readFrom(new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new ControllerBoot(
        ControllerId.of((int) frame.number("id")),
        Status.valueOf(frame.text("status")),
        frame.optional("role").map(Role::valueOf),
        frame.optional("release").map(Version::parse),
        frame.optional("runningSlot").map(Slot::valueOf),
        Slot.valueOf(frame.text("bootSlot")),
        frame.optional("fallback").map(Slot::valueOf),
        (int) frame.number("attempts"),
        Boolean.parseBoolean(frame.text("stable")),
        BootCause.valueOf(frame.text("bootCause")),
        frame
            .optional("failedSlot")
            .map(slot ->
                new Failure(
                    Slot.valueOf(slot), frame.text("failedTag"), frame.text("failedCause"))),
        frame.number("pid"),
        frame.number("sinceMillis"));
  }
}
