package io.bascule.cli;

import io.bascule.cli.client.Access;
import io.bascule.cli.client.ApplianceClient;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.screen.Screen;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Which appliance a command is for, and how it answers. */
final class ApplianceOptions {
  @Mixin private DataOptions data = new DataOptions();

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "An appliance elsewhere: its management address.")
  private @Nullable String url;

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      defaultValue = "${env:BASCULE_TOKEN}",
      description = "The access token for --url (BASCULE_TOKEN).")
  private @Nullable String token;

  @Option(names = "--json", description = "Print the server's JSON, unchanged.")
  private boolean json;

  private final @Nullable Screen screen;

  ApplianceOptions() {
    this(null);
  }

  /** Writes to that screen instead of the process' own. */
  ApplianceOptions(@Nullable Screen screen) {
    this.screen = screen;
  }

  boolean json() {
    return json;
  }

  Path data() {
    return data.path();
  }

  /** Named by its address: there is no data directory to look into. */
  boolean isElsewhere() {
    return url != null;
  }

  ApplianceClient client() throws NotReachable {
    return new ApplianceClient(Access.find(url, token, data.path()));
  }

  Screen screen(CommandSpec spec) {
    return screen != null
        ? screen
        : Screen.system(spec.commandLine().getOut(), spec.commandLine().getErr());
  }
}
