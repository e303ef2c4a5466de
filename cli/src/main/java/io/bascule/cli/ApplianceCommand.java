package io.bascule.cli;

import io.bascule.cli.chassis.ChassisClient;
import io.bascule.cli.client.ApplianceClient;
import io.bascule.cli.client.Json;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.OutcomeUnknown;
import io.bascule.cli.client.Refused;
import io.bascule.cli.local.LocalAppliance;
import io.bascule.cli.screen.FileReason;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Sizes;
import io.bascule.cli.screen.Table;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * A command for an appliance. It says in one place what each way to fail looks like: one sentence
 * on standard error and an exit code; with {@code --json} a refusal's JSON on standard output too.
 */
abstract class ApplianceCommand implements Callable<Integer> {
  @Mixin protected ApplianceOptions appliance;
  @Spec protected CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  /** Does the work and says so; what it throws is told by {@link #call}. */
  abstract int run(Screen screen) throws NotReachable, Refused, IOException;

  @Override
  public final Integer call() {
    var screen = appliance.screen(spec);
    try {
      return run(screen);
    } catch (Refused e) {
      if (appliance.json()) {
        screen.line(e.body());
      }
      if (e.isFailure()) {
        screen.error("failed: " + e.getMessage());
        return ExitCode.FAILED;
      }
      return refused(screen, e.getMessage());
    } catch (NotReachable e) {
      screen.error("not reachable: " + e.getMessage() + howToStart());
      return ExitCode.NOT_REACHABLE;
    } catch (ChassisClient.RequestRefused e) {
      return refused(screen, e.getMessage());
    } catch (IOException e) {
      screen.error("failed: " + FileReason.of(e));
      return ExitCode.FAILED;
    } catch (OutcomeUnknown | Json.Unreadable e) {
      screen.error("failed: " + e.getMessage());
      return ExitCode.FAILED;
    }
  }

  /** Whether it is an appliance of this machine of which nothing runs. */
  boolean isDown() throws IOException {
    if (appliance.isElsewhere()) {
      return false;
    }
    var local = new LocalAppliance(Layout.of(appliance.data()));
    return local.exists() && !local.isRunning() && !local.hasControllers();
  }

  private String howToStart() {
    try {
      return isDown() ? "; it is down: `bascule up` starts it" : "";
    } catch (IOException e) {
      return ""; // what cannot be told is not told
    }
  }

  /** An answer: the server's JSON with {@code --json}, otherwise what is said of it. */
  <T> int tell(Screen screen, String body, Class<T> type, Consumer<T> inWords) {
    if (appliance.json()) {
      screen.line(body);
    } else {
      inWords.accept(Json.read(type, body));
    }
    return ExitCode.DONE;
  }

  /** A list of answers: a table with a row for each, or a sentence where there is none. */
  <T> int tellAll(
      Screen screen,
      String body,
      Class<T> type,
      String none,
      Table table,
      Function<T, Object[]> row) {
    if (appliance.json()) {
      screen.line(body);
      return ExitCode.DONE;
    }
    var all = Json.readList(type, body);
    if (all.isEmpty()) {
      screen.line(none);
      return ExitCode.DONE;
    }
    for (T one : all) {
      table.row(row.apply(one));
    }
    screen.table(table, "");
    return ExitCode.DONE;
  }

  /** Something without an answer is done. */
  int tellDone(Screen screen, String body, String inWords) {
    screen.line(appliance.json() ? body : inWords);
    return ExitCode.DONE;
  }

  /** Says why not. */
  static int refused(Screen screen, @Nullable String why) {
    screen.error("refused: " + why);
    return ExitCode.REFUSED;
  }

  ApplianceClient client() throws NotReachable {
    return appliance.client();
  }

  /** A mistake in what was typed: usage, exit code 2. */
  ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** Before something that asks first: without a terminal, and without {@code --yes}, it ends. */
  void requireAnswer(String what, boolean yes, Screen screen) {
    if (!yes && !screen.interactive()) {
      throw usage(what + " asks first and there is no terminal to ask on; --yes skips that");
    }
  }

  /** A size that was typed. */
  long size(String text) {
    try {
      return Sizes.parse(text);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(), String.valueOf(e.getMessage()), e, null, text);
    }
  }

  /** A name as a part of a path. */
  static String encoded(String name) {
    return java.net.URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
