package io.bascule.cli;

import io.bascule.cli.chassis.ChassisClient;
import io.bascule.cli.client.ApplianceClient;
import io.bascule.cli.client.Json;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.OutcomeUnknown;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Sizes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
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
      screen.error("not reachable: " + e.getMessage());
      return ExitCode.NOT_REACHABLE;
    } catch (ChassisClient.RequestRefused e) {
      return refused(screen, e.getMessage());
    } catch (IOException | OutcomeUnknown | Json.Unreadable e) {
      screen.error("failed: " + e.getMessage());
      return ExitCode.FAILED;
    }
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
