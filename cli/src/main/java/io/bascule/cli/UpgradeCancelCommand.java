package io.bascule.cli;

import io.bascule.cli.client.ApplianceClient;
import io.bascule.cli.client.Json;
import io.bascule.cli.client.NotReachable;
import io.bascule.cli.client.Refused;
import io.bascule.cli.screen.Screen;
import io.bascule.cli.screen.Style;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.HistoryView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.upgrade.CancelReason;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code bascule upgrade cancel}: shows what a cancel would do, asks, and names in the request
 * exactly the situation that was shown. If that has changed meanwhile the server refuses; then the
 * new situation is shown and the question asked again.
 */
@Command(
    name = "cancel",
    description = "Cancel the running upgrade: shows what will happen, then asks.",
    footer = {
      "",
      "Example: bascule upgrade cancel --preview",
      "         bascule upgrade cancel --reason TAKING_TOO_LONG --wait"
    })
final class UpgradeCancelCommand extends ApplianceCommand {
  private static final List<String> REASONS =
      Stream.of(CancelReason.values()).map(Enum::name).toList();

  /** What a shell offers. */
  static final class Reasons extends Words {
    Reasons() {
      super(REASONS);
    }
  }

  /** With --yes nobody looks at the new preview; so not for ever. */
  private static final int MAX_REVISIONS = 3;

  @Option(names = "--preview", description = "Only show what a cancel would do.")
  private boolean previewOnly;

  @Option(names = "--yes", description = "Don't ask.")
  private boolean yes;

  @Option(
      names = "--reason",
      paramLabel = "R",
      completionCandidates = Reasons.class,
      description = "NOT_INTERESTED, TAKING_TOO_LONG, SLOWING_HOST_IO or OTHER.")
  private @Nullable String reason;

  @Option(names = "--comment", paramLabel = "C", description = "For the history.")
  private @Nullable String comment;

  @Option(
      names = "--when-possible",
      description = "If it cannot be canceled now: at the next cancel point.")
  private boolean whenPossible;

  @Option(names = "--withdraw", description = "Take a queued cancel back.")
  private boolean withdraw;

  @Option(
      names = "--accept-disruption",
      description = "Cancel even if nobody can take over: hosts wait for a reboot.")
  private boolean acceptDisruption;

  @Option(names = "--wait", description = "Return when the upgrade has ended: 0 if CANCELED.")
  private boolean wait;

  @Override
  int run(Screen screen) throws NotReachable, Refused, IOException {
    checkUsage();
    var client = client();
    if (withdraw) {
      String body = client.change("DELETE", "/upgrade/cancel", null);
      return tell(
          screen,
          body,
          UpgradeView.class,
          upgrade ->
              screen.line(
                  "The queued cancel is withdrawn; the upgrade is " + upgrade.state() + "."));
    }
    String body = client.get("/upgrade/cancel");
    if (previewOnly) {
      show(screen, body, Json.read(CancelView.class, body));
      return ExitCode.DONE;
    }
    requireAnswer("cancel", yes, screen);
    return cancel(client, screen, Json.read(CancelView.class, body), body);
  }

  private void checkUsage() {
    if (withdraw && (previewOnly || whenPossible || wait)) {
      throw usage("--withdraw stands alone");
    }
    if (reason != null) {
      String name = reason.toUpperCase(Locale.ROOT).replace('-', '_');
      if (!REASONS.contains(name)) {
        throw usage("'" + reason + "' is no reason; there are " + String.join(", ", REASONS));
      }
      reason = name;
    }
  }

  private int cancel(ApplianceClient client, Screen screen, CancelView preview, String previewBody)
      throws NotReachable, Refused, IOException {
    int revisions = 0;
    while (true) {
      String id = preview.upgradeId();
      if (id == null) {
        return refusedHere(screen, previewBody, "No upgrade is running.", "NO_UPGRADE");
      }
      boolean blocked = preview.availability().equals("BLOCKED");
      boolean refused =
          (blocked && !acceptDisruption && !whenPossible)
              || (preview.availability().equals("UNAVAILABLE") && !whenPossible);
      boolean answered = refused || (isNoEffect(preview) && !whenPossible);
      if (!appliance.json()) {
        // Whose answer is a reason gets it once: in that answer.
        screen.lines(UpgradeScreen.preview(preview, !answered, screen));
      }
      if (refused) {
        // The answer is known, and asking for it could become a cancel nobody confirmed.
        String why = preview.reason() == null ? "it cannot be canceled now" : preview.reason();
        return refusedHere(screen, previewBody, why, "CANCEL_" + preview.availability());
      }
      if (!confirmed(screen, preview)) {
        screen.line("Nothing was canceled; the upgrade is as it was.");
        return ExitCode.FAILED;
      }
      var request =
          new CancelView.Request(
              id, preview.revision(), reason, comment, acceptDisruption, whenPossible);
      try {
        return told(client, screen, id, client.change("POST", "/upgrade/cancel", request));
      } catch (Refused e) {
        var changed = e.cancel();
        if (!e.code().equals("REVISION_CHANGED") || changed.isEmpty()) {
          throw e;
        }
        if (yes && ++revisions >= MAX_REVISIONS) {
          throw e;
        }
        screen.error("The upgrade has moved on: " + e.detail());
        preview = changed.get();
        previewBody = e.body();
      }
    }
  }

  /** Phase 1 has no warning: nothing will happen, and the answer says so. */
  private boolean confirmed(Screen screen, CancelView preview) throws IOException {
    if (isNoEffect(preview) && !whenPossible) {
      return true;
    }
    String warning = preview.warning();
    if (warning == null) {
      warning = "Cancel the upgrade as soon as it is possible?";
    }
    if (!appliance.json()) {
      screen.line();
    }
    if (yes) {
      if (!appliance.json()) {
        screen.line(screen.styled(Style.YELLOW, warning) + " yes (--yes)");
      }
      return true;
    }
    return screen.confirm(screen.styled(Style.YELLOW, warning));
  }

  private int told(ApplianceClient client, Screen screen, String id, String body)
      throws NotReachable, Refused {
    var answer = Json.read(CancelView.Answer.class, body);
    if (appliance.json()) {
      screen.line(body);
    }
    if (answer.outcome().equals("NO_EFFECT")) {
      screen.error("no effect: " + answer.detail());
      return ExitCode.REFUSED;
    }
    if (!appliance.json()) {
      screen.line();
      screen.line(answer.outcome() + ": " + answer.detail());
    }
    return wait ? awaitEnd(client, screen, id) : ExitCode.DONE;
  }

  private int awaitEnd(ApplianceClient client, Screen screen, String id)
      throws NotReachable, Refused {
    var patient = client.patient(UpgradeWatch.PATIENCE);
    var quiet = appliance.json() ? quiet(screen) : screen;
    var upgrade = patient.get("/upgrade", UpgradeView.class);
    if (id.equals(upgrade.id())) {
      upgrade = UpgradeWatch.untilOver(patient, quiet, upgrade);
    }
    String state = id.equals(upgrade.id()) ? upgrade.state() : fromHistory(patient, id);
    if (state.equals("CANCELED")) {
      return ExitCode.DONE;
    }
    screen.error("failed: the upgrade ended " + state + " instead of CANCELED");
    return ExitCode.FAILED;
  }

  /** Somebody has started the next one already. */
  private static String fromHistory(ApplianceClient client, String id)
      throws NotReachable, Refused {
    return client.list("/upgrades", HistoryView.class).stream()
        .filter(upgrade -> upgrade.id().equals(id))
        .map(HistoryView::state)
        .findFirst()
        .orElse("unknown");
  }

  private static Screen quiet(Screen screen) {
    var nowhere = new java.io.PrintWriter(java.io.Writer.nullWriter());
    return new Screen(nowhere, screen.err(), screen.in(), false, false, false);
  }

  private static boolean isNoEffect(CancelView preview) {
    return preview.availability().equals("NO_EFFECT");
  }

  private void show(Screen screen, String body, CancelView preview) {
    if (appliance.json()) {
      screen.line(body);
      return;
    }
    screen.lines(UpgradeScreen.preview(preview, true, screen));
    if (preview.warning() != null) {
      screen.line();
      screen.line("  Before it begins you will be asked:");
      screen.line("  " + screen.styled(Style.YELLOW, preview.warning()));
    }
  }

  private int refusedHere(Screen screen, String body, String why, String code) {
    if (appliance.json()) {
      screen.line(body);
    }
    return refused(screen, why + " [" + code + "]");
  }
}
