package io.bascule.cli;

import io.bascule.cli.client.ApplianceClient;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Sizes;
import io.bascule.cli.screen.Table;
import io.bascule.core.api.HostView;
import io.bascule.core.api.VolumeView;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bascule volume}. */
@Command(
    name = "volume",
    description = "Create, list, grow, delete and check volumes.",
    subcommands = {
      VolumeCommand.Create.class,
      VolumeCommand.ListAll.class,
      VolumeCommand.Show.class,
      VolumeCommand.Resize.class,
      VolumeCommand.Delete.class,
      VolumeCheckCommand.class
    },
    footer = {"", "Example: bascule volume create db --size 10G"})
final class VolumeCommand extends GroupCommand {

  static String path(String name) {
    return "/volumes/" + ApplianceCommand.encoded(name);
  }

  @Command(
      name = "create",
      description = "Create a thin volume.",
      footer = {"", "Example: bascule volume create db --size 10G"})
  static final class Create extends ApplianceCommand {
    @Parameters(paramLabel = "NAME", description = "A name of your choice.")
    private String name;

    @Option(
        names = "--size",
        required = true,
        paramLabel = "SIZE",
        description = "Like 500M, 10G, 2T (powers of 1024).")
    private String size = "";

    @Override
    int run(Screen screen) throws NotReachable, Refused {
      var request = new VolumeView.Create(name, size(size));
      return tell(
          screen,
          client().change("POST", "/volumes", request),
          VolumeView.class,
          volume ->
              screen.line(
                  "Created volume '%s': %s, LUN %d of %s"
                      .formatted(
                          volume.name(),
                          Sizes.format(volume.sizeBytes()),
                          volume.lun(),
                          volume.target())));
    }
  }

  @Command(
      name = "list",
      description = "List the volumes.",
      footer = {"", "Example: bascule volume list --json"})
  static final class ListAll extends ApplianceCommand {
    @Override
    int run(Screen screen) throws NotReachable, Refused {
      return tellAll(
          screen,
          client().get("/volumes"),
          VolumeView.class,
          "No volumes. `bascule volume create NAME --size 10G` creates one.",
          new Table("NAME", ">LUN", ">SIZE", ">ALLOCATED", "SERIAL"),
          volume ->
              new Object[] {
                volume.name(),
                volume.lun(),
                Sizes.format(volume.sizeBytes()),
                Sizes.format(volume.allocatedBytes()),
                volume.serial()
              });
    }
  }

  @Command(
      name = "show",
      description = "Show one volume and how hosts reach it.",
      footer = {"", "Example: bascule volume show db"})
  static final class Show extends ApplianceCommand {
    @Parameters(paramLabel = "NAME", description = "The volume.")
    private String name;

    @Override
    int run(Screen screen) throws NotReachable, Refused {
      return tell(screen, client().get(path(name)), VolumeView.class, one -> show(screen, one));
    }

    private static void show(Screen screen, VolumeView volume) {
      screen.line("Name       " + volume.name());
      screen.line("Size       " + Sizes.format(volume.sizeBytes()));
      screen.line("Allocated  " + Sizes.format(volume.allocatedBytes()));
      screen.line("LUN        " + volume.lun());
      screen.line("Serial     " + volume.serial());
      screen.line("Target     " + volume.target());
      screen.line("Portals    " + String.join(", ", volume.portals()));
      if (!volume.portals().isEmpty()) {
        screen.line(
            "URL        iscsi://%s/%s/%d"
                .formatted(volume.portals().getFirst(), volume.target(), volume.lun()));
      }
    }
  }

  @Command(
      name = "resize",
      description = "Grow a volume; hosts see the new size after a rescan.",
      footer = {"", "Example: bascule volume resize db --size 20G"})
  static final class Resize extends ApplianceCommand {
    @Parameters(paramLabel = "NAME", description = "The volume.")
    private String name;

    @Option(
        names = "--size",
        required = true,
        paramLabel = "SIZE",
        description = "The new size; never smaller than before.")
    private String size = "";

    @Override
    int run(Screen screen) throws NotReachable, Refused {
      var request = new VolumeView.Resize(size(size));
      return tell(
          screen,
          client().change("PATCH", path(name), request),
          VolumeView.class,
          volume ->
              screen.line(
                  "Volume '%s' now has %s"
                      .formatted(volume.name(), Sizes.format(volume.sizeBytes()))));
    }
  }

  @Command(
      name = "delete",
      description = "Delete a volume and everything on it; asks for its name.",
      footer = {"", "Example: bascule volume delete db"})
  static final class Delete extends ApplianceCommand {
    @Parameters(paramLabel = "NAME", description = "The volume.")
    private String name;

    @Option(names = "--yes", description = "Don't ask.")
    private boolean yes;

    @Override
    int run(Screen screen) throws NotReachable, Refused, IOException {
      var client = client();
      if (!yes) {
        requireAnswer("delete", yes, screen);
        var volume = client.get(path(name), VolumeView.class);
        screen.line(
            "This deletes volume '%s' (LUN %d, %s, %s allocated) and everything on it, for good."
                .formatted(
                    volume.name(),
                    volume.lun(),
                    Sizes.format(volume.sizeBytes()),
                    Sizes.format(volume.allocatedBytes())));
        screen.line("A host that still uses it gets I/O errors.");
        for (var host : hostsNaming(client, name)) {
          screen.line("Host '" + host.name() + "' is let in to it by name.");
        }
        String answer = screen.ask("Type the name of the volume to delete it: ");
        if (answer == null || !answer.strip().equals(name)) {
          screen.line("Nothing was deleted.");
          return ExitCode.FAILED;
        }
      }
      var named = appliance.json() ? List.<HostView>of() : hostsNaming(client, name);
      String body = client.change("DELETE", path(name), null);
      int code = tellDone(screen, body, "Deleted volume '" + name + "'");
      for (var host : named) {
        var left = host.volumes().stream().filter(volume -> !volume.equals(name)).toList();
        screen.line(
            left.isEmpty()
                ? "Host '%s' has no volume left; `bascule host remove %s` takes its access away."
                    .formatted(host.name(), host.name())
                : "Host '%s' keeps %s.".formatted(host.name(), String.join(", ", left)));
      }
      return code;
    }

    private static List<HostView> hostsNaming(ApplianceClient client, String volume)
        throws NotReachable, Refused {
      return client.list("/hosts", HostView.class).stream()
          .filter(host -> host.volumes().contains(volume))
          .toList();
    }
  }
}
