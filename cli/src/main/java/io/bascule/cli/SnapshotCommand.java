package io.bascule.cli;

import io.bascule.cli.client.ApplianceClient;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Sizes;
import io.bascule.cli.screen.Table;
import io.bascule.cli.screen.Times;
import io.bascule.core.api.SnapshotView;
import io.bascule.core.api.VolumeView;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bascule snapshot}. A snapshot is named by its volume and its own name, everywhere. */
@Command(
    name = "snapshot",
    description = "Take, clone, roll back to and delete snapshots of volumes.",
    subcommands = {
      SnapshotCommand.Create.class,
      SnapshotCommand.ListAll.class,
      SnapshotCommand.CloneIt.class,
      SnapshotCommand.RollBack.class,
      SnapshotCommand.Delete.class
    },
    footer = {
      "",
      "A snapshot is its volume as it was at one moment. Hosts do not see it; a clone of it is a",
      "volume that they can use. It belongs to its volume and is named with it: VOLUME NAME.",
      "Needs volumes of format 2, so release 2.0.1.",
      "",
      "Example: bascule snapshot create db before-update"
    })
final class SnapshotCommand extends GroupCommand {

  private static String path(String volume) {
    return VolumeCommand.path(volume) + "/snapshots";
  }

  /** A command for one snapshot. */
  abstract static class ForOne extends ApplianceCommand {
    @Parameters(index = "0", paramLabel = "VOLUME", description = "The snapshot's volume.")
    protected String volume;

    @Parameters(index = "1", paramLabel = "NAME", description = "The snapshot.")
    protected String name;

    final String path() {
      return SnapshotCommand.path(volume) + "/" + encoded(name);
    }
  }

  /** One that cannot be taken back: says first what it will do, and asks. */
  abstract static class Destructive extends ForOne {
    @Option(names = "--yes", description = "Don't ask.")
    private boolean yes;

    /** What will be gone, line by line, with the question at the end. */
    abstract List<String> warning(SnapshotView snapshot);

    abstract int carryOut(Screen screen, ApplianceClient client) throws NotReachable, Refused;

    @Override
    final int run(Screen screen) throws NotReachable, Refused, IOException {
      requireAnswer(spec.name(), yes, screen);
      var client = client();
      if (!yes) {
        var lines = warning(client.get(path(), SnapshotView.class));
        lines.subList(0, lines.size() - 1).forEach(screen::line);
        if (!screen.confirm(lines.getLast())) {
          screen.line("Nothing was changed.");
          return ExitCode.FAILED;
        }
      }
      return carryOut(screen, client);
    }
  }

  private static String taken(SnapshotView snapshot) {
    return Times.instant(snapshot.createdAt());
  }

  @Command(
      name = "create",
      description = "Take a snapshot of a volume; hosts may go on writing.",
      footer = {
        "",
        "It holds every write that hosts were told is done. What they keep in their own memory is",
        "not in it: flush file systems and databases first if that matters.",
        "",
        "Example: bascule snapshot create db before-update"
      })
  static final class Create extends ApplianceCommand {
    @Parameters(index = "0", paramLabel = "VOLUME", description = "The volume.")
    private String volume;

    @Parameters(index = "1", paramLabel = "NAME", description = "A name of your choice.")
    private String name;

    @Override
    int run(Screen screen) throws NotReachable, Refused {
      return tell(
          screen,
          client().change("POST", path(volume), new SnapshotView.Create(name)),
          SnapshotView.class,
          made ->
              screen.line(
                  "Took snapshot '%s' of volume '%s' (%s, %s allocated)"
                      .formatted(
                          made.name(),
                          made.volume(),
                          Sizes.format(made.sizeBytes()),
                          Sizes.format(made.allocatedBytes()))));
    }
  }

  @Command(
      name = "list",
      description = "List the snapshots of all volumes, or of one.",
      footer = {
        "",
        "ALLOCATED is what a snapshot holds; most of it is shared with its volume as a rule.",
        "",
        "Example: bascule snapshot list db"
      })
  static final class ListAll extends ApplianceCommand {
    @Parameters(paramLabel = "VOLUME", arity = "0..1", description = "Only of this volume.")
    private @Nullable String volume;

    @Override
    int run(Screen screen) throws NotReachable, Refused {
      return tellAll(
          screen,
          client().get(volume == null ? "/snapshots" : path(volume)),
          SnapshotView.class,
          "No snapshots. `bascule snapshot create VOLUME NAME` takes one.",
          new Table("VOLUME", "NAME", ">SIZE", ">ALLOCATED", "CREATED"),
          one ->
              new Object[] {
                one.volume(),
                one.name(),
                Sizes.format(one.sizeBytes()),
                Sizes.format(one.allocatedBytes()),
                taken(one)
              });
    }
  }

  @Command(
      name = "clone",
      description = "Make a new volume with the content of a snapshot.",
      footer = {
        "",
        "The new volume has a LUN and a serial number of its own, and shares space with the snapshot",
        "until it is written. Hosts that may use all volumes see it after a rescan.",
        "",
        "Example: bascule snapshot clone db before-update db-test"
      })
  static final class CloneIt extends ForOne {
    @Parameters(index = "2", paramLabel = "NEWVOLUME", description = "The new volume's name.")
    private String newVolume;

    @Override
    int run(Screen screen) throws NotReachable, Refused {
      return tell(
          screen,
          client().change("POST", path() + "/clone", new SnapshotView.Clone(newVolume)),
          VolumeView.class,
          made ->
              screen.line(
                  "Created volume '%s' from snapshot '%s' of volume '%s': %s, LUN %d of %s"
                      .formatted(
                          made.name(),
                          name,
                          volume,
                          Sizes.format(made.sizeBytes()),
                          made.lun(),
                          made.target())));
    }
  }

  @Command(
      name = "rollback",
      description = "Give a volume the content of its snapshot; says first what is lost, and asks.",
      footer = {
        "",
        "Refused while a host is logged in that sees the volume. The snapshot stays, and so does the",
        "volume's size. To keep what the volume holds now, take a snapshot of it first.",
        "",
        "Example: bascule snapshot rollback db before-update"
      })
  static final class RollBack extends Destructive {
    @Override
    List<String> warning(SnapshotView snapshot) {
      return List.of(
          "Volume '%s' gets the content it had at %s (snapshot '%s')."
              .formatted(volume, taken(snapshot), name),
          "What was written to it since is lost, for good.",
          "Roll volume '" + volume + "' back?");
    }

    @Override
    int carryOut(Screen screen, ApplianceClient client) throws NotReachable, Refused {
      return tell(
          screen,
          client.change("POST", path() + "/rollback", null),
          VolumeView.class,
          _ -> screen.line("Rolled volume '" + volume + "' back to its snapshot '" + name + "'"));
    }
  }

  @Command(
      name = "delete",
      description = "Delete a snapshot; asks first. Its volume and its clones stay.",
      footer = {"", "Example: bascule snapshot delete db before-update"})
  static final class Delete extends Destructive {
    @Override
    List<String> warning(SnapshotView snapshot) {
      return List.of(
          "This deletes snapshot '%s' of volume '%s' (taken at %s, %s allocated), for good."
              .formatted(name, volume, taken(snapshot), Sizes.format(snapshot.allocatedBytes())),
          "The volume, and clones of the snapshot, stay as they are.",
          "Delete snapshot '" + name + "'?");
    }

    @Override
    int carryOut(Screen screen, ApplianceClient client) throws NotReachable, Refused {
      String body = client.change("DELETE", path(), null);
      return tellDone(screen, body, "Deleted snapshot '" + name + "' of volume '" + volume + "'");
    }
  }
}
