package io.bascule.cli;

import io.bascule.cli.chassis.OfflineRun;
import io.bascule.cli.client.Json;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Table;
import io.bascule.core.api.VolumeCheckView;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bascule volume check}. */
@Command(
    name = "check",
    description = "Check volumes without changing them; also while the appliance is down.",
    footer = {
      "",
      "Looks at headers, files, sizes and marks; while the appliance is down, at the catalog against",
      "the files. Format 2 keeps checksums: while it runs, what reading and scrubbing have met is",
      "told; while it is down, all of the pool is read. Exit code 1 if anything is wrong.",
      "A volume is suspect after a failed sync: what hosts were told is written may not be on the",
      "disk. Hosts can read it, not write. --accept ends that.",
      "",
      "Examples: bascule volume check",
      "          bascule volume check db --accept"
    })
final class VolumeCheckCommand extends ApplianceCommand {
  @Parameters(paramLabel = "NAME", arity = "0..1", description = "Only this volume.")
  private @Nullable String name;

  @Option(
      names = "--accept",
      description = "You have checked the suspect volume's data: let hosts write it again.")
  private boolean accept;

  @Option(names = "--yes", description = "With --accept: don't ask.")
  private boolean yes;

  @Override
  int run(Screen screen) throws NotReachable, Refused, IOException {
    if (accept) {
      return accept(screen, name);
    }
    if (isDown()) {
      return told(screen, only(OfflineRun.checkVolumes(Layout.of(appliance.data()))));
    }
    String path = name == null ? "/volume-check" : VolumeCommand.path(name) + "/check";
    return told(screen, client().get(path));
  }

  /** What was found of the volume that was named, as the server would say it. */
  private String only(String body) throws IOException {
    if (name == null) {
      return body;
    }
    var all = Json.read(VolumeCheckView.class, body);
    var mine = all.volumes().stream().filter(one -> one.name().equals(name)).toList();
    if (mine.isEmpty()) {
      throw new IOException("there is no volume '" + name + "'");
    }
    boolean sound = mine.getFirst().findings().isEmpty() && all.pool().isEmpty();
    return Json.write(
        new VolumeCheckView(sound, all.live(), mine, all.pool(), List.of(), all.limits()));
  }

  private int told(Screen screen, String body) {
    var check = Json.read(VolumeCheckView.class, body);
    tell(screen, body, VolumeCheckView.class, one -> show(screen, one));
    return check.sound() ? ExitCode.DONE : ExitCode.FAILED;
  }

  private static void show(Screen screen, VolumeCheckView check) {
    if (check.volumes().isEmpty()) {
      screen.line("No volumes.");
    } else {
      var table = new Table("NAME", ">LUN", ">FORMAT", "STATE");
      for (var one : check.volumes()) {
        table.row(one.name(), one.lun(), one.format(), Table.state(one.state()));
      }
      screen.table(table, "");
    }
    for (var one : check.volumes()) {
      for (var finding : one.findings()) {
        screen.line();
        screen.line(one.name() + ": " + finding.detail() + " [" + finding.code() + "]");
        screen.line("  " + finding.remedy());
      }
    }
    for (var finding : check.pool()) {
      screen.line();
      screen.line("The pool: " + finding.detail() + " [" + finding.code() + "]");
      screen.line("  " + finding.remedy());
    }
    for (String stray : check.strays()) {
      screen.line();
      screen.line("Of no volume: " + stray);
      screen.line("  Was state.db restored from a backup? It is never removed by itself.");
    }
    screen.line();
    screen.line(check.sound() ? "Nothing is wrong." : "Something is wrong.");
    screen.line(check.limits());
    if (!check.live()) {
      screen.line("The appliance is down; nothing was changed.");
    }
  }

  private int accept(Screen screen, @Nullable String volume)
      throws NotReachable, Refused, IOException {
    if (volume == null) {
      throw usage("--accept takes the NAME of one volume");
    }
    var client = client();
    if (!yes) {
      requireAnswer("--accept", yes, screen);
      var check = client.get(VolumeCommand.path(volume) + "/check", VolumeCheckView.class);
      if (check.volumes().getFirst().state().equals("SUSPECT")) {
        screen.line("A sync of volume '" + volume + "' failed: some of what hosts were told is");
        screen.line(
            "written may not be on the disk. Accepting it repairs nothing: it says that you");
        screen.line("have mended the disk and checked the data from a host, and lets hosts write.");
        screen.line("What hosts read now may come from this machine's memory; to check what is on");
        screen.line("the disk, drop that first (as root: sysctl vm.drop_caches=1).");
        if (!screen.confirm("Accept volume '" + volume + "'?")) {
          screen.line("Nothing was changed.");
          return ExitCode.FAILED;
        }
      }
    }
    String body = client.change("POST", VolumeCommand.path(volume) + "/accept", null);
    return tell(
        screen,
        body,
        VolumeCheckView.class,
        _ -> screen.line("Volume '" + volume + "' is accepted; hosts can write it again."));
  }
}
