package io.bascule.cli.chassis;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.chassis.ControllerBoot.BootCause;
import io.bascule.platform.Layout;
import io.bascule.platform.ProcessIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One controller's bay in the chassis: its boot life, its process and its files. Carries the
 * effects of {@link BootLife} out, each after the state it belongs to is on disk.
 *
 * <p>Owned by the chassis' thread. Invariant: at most one process of this controller exists that
 * was started from here.
 */
final class Bay {
  private static final System.Logger LOG = System.getLogger(Bay.class.getName());

  /** How a controller ends that wants to be booted again: a handover or a reboot. */
  private static final int REBOOT_EXIT_CODE = 64;

  /** A stray that is killed is gone at once, unless it is stuck in the kernel. */
  private static final long STRAY_GONE_MILLIS = 5_000;

  private final ControllerId id;
  private final Layout layout;
  private final BootLife life;
  private final SlotLauncher launcher;
  private final Runnable wake;
  private final Runnable powerMayHaveChanged;
  private final ConsoleLog console;
  private final String bootId;
  private BootState state;
  private @Nullable BootRecord stored;
  private @Nullable Process child;

  /**
   * @param wake called, by any thread, when the process ends
   * @param powerMayHaveChanged called when {@link #hasPower} may be another, before it is acted
   *     upon
   */
  Bay(
      ControllerId id,
      Layout layout,
      BootTimes times,
      SlotLauncher launcher,
      Runnable wake,
      Runnable powerMayHaveChanged)
      throws IOException {
    this.id = id;
    this.layout = layout;
    this.life = new BootLife(times);
    this.launcher = launcher;
    this.wake = wake;
    this.powerMayHaveChanged = powerMayHaveChanged;
    console = new ConsoleLog(layout.log(id));
    bootId = ProcessIdentity.currentBootId();
    stored = BootRecord.load(layout.bootRecord(id)).orElse(null);
    state = stored == null ? unused() : stored.state();
  }

  BootState state() {
    return state;
  }

  boolean isComplete(Slot slot) {
    return launcher.isComplete(id, slot);
  }

  /** Whether it is neither switched off nor stopped with the appliance; a crash takes no power. */
  boolean hasPower() {
    return !(state.phase() instanceof Phase.Off || state.phase() instanceof Phase.Down);
  }

  private BootState unused() {
    var slot = Arrays.stream(Slot.values()).filter(this::isComplete).findFirst().orElse(Slot.A);
    return new BootState(
        id, BootPlan.first(slot), new Phase.Down(), BootCause.POWER_ON, Status.OFF, 0);
  }

  /** Goes on from the record: adopts the process that is in it, or boots. */
  void resume(Moment at) throws IOException, InterruptedException {
    var process = state.process().map(Phase.Running::identity);
    boolean alive = process.isPresent() && process.get().isAlive();
    killStrays(process.filter(_ -> alive));
    boolean sameBoot = stored == null || stored.bootId().equals(bootId);
    if (alive) {
      LOG.log(System.Logger.Level.INFO, id + ": process " + process.get().pid() + " is adopted");
    }
    Optional<BootInput.Exited> end =
        process.isPresent() && !alive ? Optional.of(ended(process.get(), null)) : Optional.empty();
    perform(life.resume(state, end, sameBoot, at), at);
  }

  /** One input; the refusal, if it is a request and not taken. */
  Optional<String> take(BootInput input, Moment at) {
    var step = life.step(state, at, input);
    perform(step, at);
    return step.refusal();
  }

  /** Whether the process has ended, and what follows from time. */
  void turn(Moment at) throws IOException {
    var process = state.process().map(Phase.Running::identity);
    if (process.isPresent() && isGone(process.get())) {
      take(ended(process.get(), child), at);
    }
    take(new BootInput.Tick(), at);
  }

  private boolean isGone(ProcessIdentity process) throws IOException {
    var own = child;
    return own != null && own.pid() == process.pid() ? !own.isAlive() : !process.isAlive();
  }

  private void perform(BootLife.Step step, Moment at) {
    state = step.state();
    store();
    powerMayHaveChanged.run();
    for (var effect : step.effects()) {
      switch (effect) {
        case BootEffect.Launch launch -> take(launch(launch.slot()), at);
        case BootEffect.Kill kill -> signal(kill.process(), ProcessIdentity.SIGKILL);
        case BootEffect.Terminate stop -> signal(stop.process(), ProcessIdentity.SIGTERM);
        case BootEffect.Tell tell -> LOG.log(System.Logger.Level.INFO, tell.line());
      }
    }
  }

  /**
   * Durable before it is acted upon. If the disk takes nothing any more the chassis still acts, and
   * tries again with the next turn: not cutting the power of a hung controller would be worse, and
   * a process the record does not know is found as a stray.
   */
  private void store() {
    var record = BootRecord.of(state, bootId);
    if (stored != null && record.isAsGoodAs(stored)) {
      // A controller that falls silent because the disk stands still must not make the chassis
      // wait for the same disk.
      return;
    }
    try {
      record.store(layout.bootRecord(id));
      stored = record;
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, id + ": cannot write " + layout.bootRecord(id), e);
    }
  }

  private BootInput launch(Slot slot) {
    try {
      Files.deleteIfExists(layout.intent(id));
      var process = launcher.start(id, slot, console.beforeBoot());
      child = process;
      process.onExit().thenRun(wake);
      var identity = ProcessIdentity.of(process.pid());
      LOG.log(
          System.Logger.Level.INFO,
          "%s boots slot %s: process %d".formatted(id, slot, process.pid()));
      // One that ended within this millisecond still has its pid, until it is reaped; anyhow it
      // is seen to have ended by the Process object.
      return new BootInput.Launched(
          identity.orElseGet(() -> new ProcessIdentity(process.pid(), 0, bootId)));
    } catch (IOException e) {
      return new BootInput.LaunchFailed("cannot be started: " + e.getMessage());
    }
  }

  private static void signal(ProcessIdentity process, int signal) {
    try {
      process.signal(signal);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "cannot signal process " + process.pid(), e);
    }
  }

  /** How the process ended; {@code own} is null if it is not a child of this chassis. */
  private BootInput.Exited ended(ProcessIdentity process, @Nullable Process own)
      throws IOException {
    var code =
        own != null && own.pid() == process.pid()
            ? Optional.of(own.exitValue())
            : Optional.<Integer>empty();
    var intent = intent(code);
    return new BootInput.Exited(
        process.pid(), intent, words(code), intent.isPresent() ? "" : console.lastLines());
  }

  private Optional<BootInput.Intent> intent(Optional<Integer> code) throws IOException {
    Path file = layout.intent(id);
    String text;
    try {
      text = Files.readString(file).strip();
    } catch (NoSuchFileException e) {
      boolean reboots = code.isPresent() && code.get() == REBOOT_EXIT_CODE;
      return reboots ? Optional.of(BootInput.Intent.REBOOT) : Optional.empty();
    }
    LOG.log(System.Logger.Level.INFO, "{0}: {1}", id, text);
    return Optional.of(
        text.startsWith("POWER_OFF") ? BootInput.Intent.POWER_OFF : BootInput.Intent.REBOOT);
  }

  /** An exit code for a person; codes above 128 are signals, as the JDK reports them. */
  static String words(Optional<Integer> code) {
    if (code.isEmpty()) {
      return "died";
    }
    int signal = code.get() - 128;
    String name =
        switch (signal) {
          case 4 -> " (SIGILL)";
          case 6 -> " (SIGABRT)";
          case 7 -> " (SIGBUS)";
          case 9 -> " (SIGKILL)";
          case 11 -> " (SIGSEGV)";
          case 15 -> " (SIGTERM)";
          default -> "";
        };
    return signal > 0 && signal < 65
        ? "was killed by signal " + signal + name
        : "exited with code " + code.get();
  }

  private void killStrays(Optional<ProcessIdentity> known)
      throws IOException, InterruptedException {
    for (var stray : Strays.of(layout, id)) {
      if (known.filter(stray::equals).isPresent()) {
        continue;
      }
      LOG.log(System.Logger.Level.WARNING, id + ": process " + stray.pid() + " is a stray, killed");
      stray.kill();
      long untilNanos = System.nanoTime() + STRAY_GONE_MILLIS * 1_000_000;
      while (stray.isAlive()) {
        if (System.nanoTime() > untilNanos) {
          throw new IOException("process " + stray.pid() + " of " + id + " does not die");
        }
        Thread.sleep(10);
      }
    }
  }
}
