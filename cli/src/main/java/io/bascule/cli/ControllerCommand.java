package io.bascule.cli;

import io.bascule.cli.chassis.ChassisClient;
import io.bascule.cli.client.ApplianceClient;
import io.bascule.cli.client.Bodies;
import io.bascule.cli.client.Json;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Screen;
import io.bascule.core.Check;
import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.api.ApplianceView;
import io.bascule.core.chassis.ChassisProtocol;
import io.bascule.core.link.Frame;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bascule controller}. */
@Command(
    name = "controller",
    description = "List the controllers; hand over, reboot, power off and on.",
    subcommands = {
      ControllerCommand.ListAll.class,
      ControllerCommand.Handover.class,
      ControllerCommand.Reboot.class,
      ControllerCommand.PowerOff.class,
      ControllerCommand.PowerOn.class
    },
    footer = {"", "Example: bascule controller list"})
final class ControllerCommand extends GroupCommand {

  @Command(
      name = "list",
      description = "List both controllers with role, status, version and slots.",
      footer = {"", "Example: bascule controller list"})
  static final class ListAll extends ApplianceCommand {
    @Override
    int run(Screen screen) throws NotReachable, Refused, IOException {
      List<ApplianceView.Controller> controllers;
      try {
        controllers = client().get("/appliance", ApplianceView.class).controllers();
      } catch (NotReachable e) {
        try (var chassis = chassis(this, e)) {
          controllers = ChassisView.controllers(chassis, Layout.of(appliance.data()));
        }
        screen.error(capital(e.getMessage()) + "; the chassis says:");
      }
      if (appliance.json()) {
        screen.line(Json.writeList(ApplianceView.Controller.class, controllers));
      } else {
        screen.table(ControllerTable.of(controllers), "");
      }
      return ExitCode.DONE;
    }
  }

  @Command(
      name = "handover",
      description = "Let the standby take over; hosts pause for a moment.",
      footer = {"", "Example: bascule controller handover"})
  static final class Handover extends ApplianceCommand {
    @Override
    int run(Screen screen) throws NotReachable, Refused {
      return told(this, screen, client().change("POST", "/controllers/handover", null));
    }
  }

  /** A command about one controller. */
  abstract static class OneController extends ApplianceCommand {
    @Parameters(paramLabel = "N", description = "0 or 1.")
    private int number;

    ControllerId id() {
      try {
        return ControllerId.of(number);
      } catch (IllegalArgumentException e) {
        throw usage(String.valueOf(e.getMessage()));
      }
    }

    String path(String operation) {
      return "/controllers/" + id().number() + "/" + operation;
    }
  }

  @Command(
      name = "reboot",
      description = "Reboot a controller; the active one hands over first.",
      footer = {"", "Example: bascule controller reboot 1"})
  static final class Reboot extends OneController {
    @Override
    int run(Screen screen) throws NotReachable, Refused {
      return told(this, screen, client().change("POST", path("reboot"), null));
    }
  }

  @Command(
      name = "power-off",
      description = "Cut a controller's power, as if its cable were pulled.",
      footer = {"", "Example: bascule controller power-off 1"})
  static final class PowerOff extends OneController {
    @Option(names = "--yes", description = "Don't ask.")
    private boolean yes;

    @Override
    int run(Screen screen) throws NotReachable, Refused, IOException {
      var id = id();
      requireAnswer("power-off", yes, screen);
      String consequence;
      ApplianceClient client;
      try {
        client = client();
        consequence = consequence(client.get("/appliance", ApplianceView.class), id);
      } catch (NotReachable e) {
        return byChassis(screen, id, e);
      }
      return confirmed(screen, id, consequence)
          ? told(this, screen, client.change("POST", path("power-off"), null))
          : ExitCode.FAILED;
    }

    private int byChassis(Screen screen, ControllerId id, NotReachable why)
        throws NotReachable, IOException {
      try (var chassis = chassis(this, why)) {
        if (!confirmed(screen, id, "No controller answers; the chassis cuts its power.")) {
          return ExitCode.FAILED;
        }
        chassis.request(Frame.of(ChassisProtocol.POWER_OFF, "controller", id.number()));
      }
      return told(
          this, screen, Json.write(new Bodies.Done("The chassis cut the power of " + id + ".")));
    }

    private boolean confirmed(Screen screen, ControllerId id, String consequence)
        throws IOException {
      if (!appliance.json()) {
        screen.line(consequence);
      }
      if (yes || screen.confirm("Power " + id + " off?")) {
        return true;
      }
      screen.line("Nothing was done.");
      return false;
    }

    private static String consequence(ApplianceView appliance, ControllerId id) {
      boolean active = false;
      boolean peerReady = false;
      for (var controller : appliance.controllers()) {
        if (controller.id() == id.number()) {
          active = "ACTIVE".equals(controller.role());
        } else {
          peerReady = controller.status().equals("ONLINE") && "STANDBY".equals(controller.role());
        }
      }
      if (!active) {
        return "Hosts see nothing of it. Until " + id + " is back nobody can take over.";
      }
      return peerReady
          ? "Controller "
              + id.number()
              + " is active: "
              + id.other()
              + " takes over; hosts pause for up to a second."
          : "Controller "
              + id.number()
              + " is active and nobody can take over: hosts wait until its power is back.";
    }
  }

  @Command(
      name = "power-on",
      description = "Give a controller power; it boots its slot.",
      footer = {"", "Example: bascule controller power-on 1"})
  static final class PowerOn extends OneController {
    @Option(
        names = "--slot",
        paramLabel = "A|B",
        description = "Recovery: boot this slot, and from now on; asks first.")
    private @Nullable Slot slot;

    @Option(names = "--yes", description = "Don't ask.")
    private boolean yes;

    @Override
    int run(Screen screen) throws NotReachable, Refused, IOException {
      var id = id();
      if (slot != null && !yes) {
        requireAnswer("--slot", yes, screen);
        screen.line(
            "This boots %s from slot %s, whatever release is in it, and stays there."
                .formatted(id, slot));
        screen.line("It is for recovery; an upgrade chooses slots by itself.");
        if (!screen.confirm("Boot slot " + slot + "?")) {
          screen.line("Nothing was done.");
          return ExitCode.FAILED;
        }
      }
      String slotName = slot == null ? null : slot.name();
      try {
        var request = new Bodies.PowerOn(slotName);
        return told(this, screen, client().change("POST", path("power-on"), request));
      } catch (NotReachable e) {
        try (var chassis = chassis(this, e)) {
          boolean off = !Check.found(chassis.state().get(id), "its state").hasPower();
          chassis.request(
              Frame.of(
                  ChassisProtocol.POWER_ON,
                  "controller",
                  id.number(),
                  "slot",
                  slotName == null ? "" : slotName));
          String said =
              off
                  ? "The chassis boots " + id + "."
                  : "Controller " + id.number() + " is on already; nothing was done.";
          return told(this, screen, Json.write(new Bodies.Done(said)));
        }
      }
    }
  }

  private static String capital(@Nullable String sentence) {
    return sentence == null || sentence.isEmpty()
        ? "No controller answers"
        : Character.toUpperCase(sentence.charAt(0)) + sentence.substring(1);
  }

  private static int told(ApplianceCommand command, Screen screen, String body) {
    screen.line(command.appliance.json() ? body : Json.read(Bodies.Done.class, body).detail());
    return ExitCode.DONE;
  }

  /** The chassis of the appliance here, when no controller answers. */
  private static ChassisClient chassis(ApplianceCommand command, NotReachable why)
      throws NotReachable {
    var layout = Layout.of(command.appliance.data());
    if (command.appliance.isElsewhere() || !java.nio.file.Files.isDirectory(layout.root())) {
      throw why;
    }
    try {
      return ChassisClient.connect(layout);
    } catch (IOException e) {
      throw new NotReachable(
          "neither a controller nor the chassis of " + layout.root() + " answers", e);
    }
  }
}
