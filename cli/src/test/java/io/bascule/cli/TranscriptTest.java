package io.bascule.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What users see, to the letter, with the exit code of each. */
class TranscriptTest {
  private final Transcript transcript = new Transcript();
  private RecordedAppliance appliance;

  @BeforeEach
  void start() throws IOException {
    appliance = new RecordedAppliance();
  }

  @AfterEach
  void stop() {
    appliance.close();
  }

  @Test
  void shouldShowARedundantAppliance() throws IOException {
    appliance
        .on("GET /appliance", "appliance-redundant")
        .on("GET /upgrade", "upgrade-idle")
        .on("GET /alerts", "alerts-none");
    transcript.run(appliance, "status");
    transcript.run(appliance, "status", "--json");
    transcript.run(appliance, "controller", "list");
    transcript.matches("status");
  }

  @Test
  void shouldShowWhatIsWrong() throws IOException {
    appliance
        .on("GET /appliance", "appliance-degraded")
        .on("GET /upgrade", "upgrade-in-window")
        .on("GET /alerts", "alerts-one");
    transcript.run(appliance, "status");
    transcript.run(appliance, "controller", "list", "--json");
    transcript.matches("status-degraded");
  }

  @Test
  void shouldManageVolumes() throws IOException {
    appliance
        .on("GET /volumes", "volumes")
        .on("GET /volumes/db", "volume-db")
        .on("POST /volumes", 201, "volume-db")
        .on("PATCH /volumes/db", "volume-db");
    transcript.run(appliance, "volume", "create", "db", "--size", "10G");
    transcript.run(appliance, "volume", "create", "db", "--size", "10 apples");
    transcript.run(appliance, "volume", "list");
    transcript.run(appliance, "volume", "list", "--json");
    transcript.run(appliance, "volume", "show", "db");
    transcript.run(appliance, "volume", "show", "nope");
    transcript.run(appliance, "volume", "resize", "db", "--size", "10G");
    transcript.matches("volume");
  }

  @Test
  void shouldAskForTheNameBeforeDeleting() throws IOException {
    appliance.on("GET /volumes/db", "volume-db").on("DELETE /volumes/db", 204, "");
    appliance.on("GET /hosts", "hosts-db").on("GET /hosts", "hosts");
    transcript.run(appliance, "volume", "delete", "db");
    transcript.run(appliance, "volume", "delete", "db", "--yes");
    transcript.atTerminal("dbx\n").run(appliance, "volume", "delete", "db");
    transcript.atTerminal("db\n").run(appliance, "volume", "delete", "db");
    transcript.matches("volume-delete");
  }

  @Test
  void shouldManageSnapshots() throws IOException {
    appliance
        .on("GET /snapshots", "snapshots")
        .on("GET /snapshots", 409, "problem-needs-format-2")
        .on("GET /volumes/db/snapshots", "snapshots")
        .on("POST /volumes/db/snapshots", 201, "snapshot-db")
        .on("POST /volumes/db/snapshots/before/clone", 201, "volume-db");
    transcript.runAlone("snapshot");
    transcript.run(appliance, "snapshot", "create", "db", "before");
    transcript.run(appliance, "snapshot", "create", "db", "before", "--json");
    transcript.run(appliance, "snapshot", "create", "db");
    transcript.run(appliance, "snapshot", "list");
    transcript.run(appliance, "snapshot", "list");
    transcript.run(appliance, "snapshot", "list", "db", "--json");
    transcript.run(appliance, "snapshot", "list", "nope");
    transcript.run(appliance, "snapshot", "clone", "db", "before", "db2");
    transcript.runAlone("snapshot", "--help");
    transcript.run(appliance, "snapshot", "rollback", "--help");
    transcript.matches("snapshot");
  }

  @Test
  void shouldAskBeforeASnapshotDestroysAnything() throws IOException {
    appliance
        .on("GET /volumes/db/snapshots/before", "snapshot-db")
        .on("POST /volumes/db/snapshots/before/rollback", "volume-db")
        .on("DELETE /volumes/db/snapshots/before", 204, "");
    for (String verb : new String[] {"rollback", "delete"}) {
      transcript.run(appliance, "snapshot", verb, "db", "before");
      transcript.run(appliance, "snapshot", verb, "db", "before", "--yes");
    }
    for (String verb : new String[] {"rollback", "delete"}) {
      transcript.atTerminal("no\n").run(appliance, "snapshot", verb, "db", "before");
      transcript.atTerminal("yes\n").run(appliance, "snapshot", verb, "db", "before");
    }
    transcript.matches("snapshot-destroy");
  }

  @Test
  void shouldCheckVolumes() throws IOException {
    appliance
        .on("GET /volume-check", "check-good")
        .on("GET /volume-check", "check-bad")
        .on("GET /volume-check", "check-pool")
        .on("GET /volumes/db/check", "check-suspect")
        .on("POST /volumes/db/accept", "check-good");
    transcript.run(appliance, "volume", "check");
    transcript.run(appliance, "volume", "check");
    transcript.run(appliance, "volume", "check");
    transcript.run(appliance, "volume", "check", "db", "--json");
    transcript.run(appliance, "volume", "check", "nope");
    transcript.run(appliance, "volume", "check", "--accept");
    transcript.run(appliance, "volume", "check", "db", "--accept");
    transcript.atTerminal("no\n").run(appliance, "volume", "check", "db", "--accept");
    transcript.atTerminal("yes\n").run(appliance, "volume", "check", "db", "--accept");
    transcript.run(appliance, "volume", "check", "db", "--accept", "--yes", "--json");
    transcript.matches("volume-check");
  }

  @Test
  void shouldTellRefusalsAndFailures() throws IOException {
    appliance
        .on("POST /volumes", 409, "problem-upgrade-running")
        .on("GET /packages", 500, "problem-internal");
    transcript.run(appliance, "volume", "create", "v", "--size", "1G");
    transcript.run(appliance, "volume", "create", "v", "--size", "1G", "--json");
    transcript.run(appliance, "package", "list");
    transcript.matches("refusals");
  }

  @Test
  void shouldManageHosts(@TempDir Path folder) throws IOException {
    appliance
        .on("GET /hosts", "hosts")
        .on("POST /hosts", 201, "host-web")
        .on("DELETE /hosts/web", 204, "");
    transcript.run(
        appliance,
        "host",
        "add",
        "web",
        "--iqn",
        "iqn.1993-08.org.debian:01:abc",
        "--volume",
        "db");
    transcript.run(appliance, "host", "add", "web", "--iqn", "*", "--chap-user", "web");
    transcript.run(appliance, "host", "list");
    transcript.run(appliance, "host", "add", "--help");
    transcript.run(appliance, "host", "remove", "web");
    transcript.run(appliance, "host", "remove", "web", "--yes");
    transcript.atTerminal("n\n").run(appliance, "host", "remove", "web");
    transcript.run(
        appliance,
        "host",
        "add",
        "web",
        "--iqn",
        "iqn.x:y",
        "--chap-user",
        "web",
        "--chap-secret-file",
        "/nonexistent/secret");
    transcript.matches("host");

    var secret = Files.writeString(folder.resolve("secret"), "twelve-chars\n");
    var args = new String[] {"host", "add", "web", "--iqn", "iqn.x:y", "--chap-user", "web"};
    new Transcript().run(appliance, with(args, "--chap-secret-file", secret.toString()));
    assertThat(appliance.requests().getLast())
        .isEqualTo(
            "POST /hosts {\"name\":\"web\",\"iqn\":\"iqn.x:y\",\"chapUser\":\"web\","
                + "\"chapSecret\":\"twelve-chars\",\"volumes\":null}");
  }

  @Test
  void shouldManagePackages(@TempDir Path folder) throws IOException {
    appliance.on("GET /packages", "packages").on("POST /packages", 201, "package-1.2.2");
    var file = Files.write(folder.resolve("a.pkg"), new byte[200_000]);
    transcript.run(appliance, "package", "list");
    int exit = new Transcript().run(appliance, "package", "add", file.toString());
    assertThat(exit).isZero();
    assertThat(appliance.requests().getLast()).isEqualTo("POST /packages <200000 bytes>");
    transcript.run(appliance, "package", "add", "/nonexistent/a.pkg");
    transcript.run(appliance, "package", "add", "/usr");
    transcript.runAlone("package", "verify", "/nonexistent/a.pkg");
    transcript.runAlone("package", "verify", "--help");
    transcript.matches("package");
  }

  @Test
  void shouldSayThatAPackageIsThereAlready(@TempDir Path folder) throws IOException {
    appliance.on("GET /packages", "packages").on("POST /packages", 201, "package-1.2.2");
    var file = Files.write(folder.resolve("a.pkg"), new byte[10]);
    var again = new Transcript();
    assertThat(again.run(appliance, "package", "add", file.toString())).isZero();
    assertThat(again.text()).contains("is there already").doesNotContain("Added");
  }

  @Test
  void shouldShowTheUpgrade() throws IOException {
    appliance
        .on("GET /upgrade", "upgrade-idle")
        .on("GET /upgrade", "upgrade-early")
        .on("GET /upgrade", "upgrade-in-window")
        .on("GET /upgrade", "upgrade-failed")
        .on("GET /upgrades", "history")
        .on("GET /upgrades/u-7/report", "report")
        .on("GET /upgrades/u-6/report", "report-no-comment");
    for (int i = 0; i < 4; i++) {
      transcript.run(appliance, "upgrade", "status");
    }
    transcript.run(appliance, "upgrade", "history");
    transcript.run(appliance, "upgrade", "report", "u-7");
    transcript.run(appliance, "upgrade", "report", "u-6");
    transcript.matches("upgrade-status");
  }

  @Test
  void shouldStartAndSteerAnUpgrade() throws IOException {
    appliance
        .on("POST /upgrade", 409, "problem-precheck")
        .on("POST /upgrade", "prechecks-passed")
        .on("POST /upgrade", "upgrade-early")
        .on("PATCH /upgrade", "upgrade-paused");
    transcript.run(appliance, "upgrade", "start", "2.0.1");
    transcript.run(appliance, "upgrade", "start", "1.2.2", "--dry-run");
    transcript.run(
        appliance,
        "upgrade",
        "start",
        "1.2.2",
        "--pause-at",
        "handover,once-active",
        "--priority",
        "finish-sooner",
        "--max-rate",
        "50M",
        "--confirm-time",
        "30");
    transcript.run(appliance, "upgrade", "start", "1.2.2", "--pause-at", "lunch");
    transcript.run(appliance, "upgrade", "pause", "--help");
    transcript.run(appliance, "upgrade", "pause");
    transcript.run(appliance, "upgrade", "set", "--pause-at", "none", "--priority", "balanced");
    transcript.run(appliance, "upgrade", "set");
    transcript.matches("upgrade-start");
  }

  @Test
  void shouldWatchInPlainLinesAcrossAHandover() throws IOException {
    appliance
        .on("GET /upgrade", "upgrade-early")
        .on("GET /upgrade", "upgrade-early")
        .on("GET /upgrade", 503, "problem-no-active")
        .on("GET /upgrade", 503, "problem-no-active")
        .on("GET /upgrade", "upgrade-in-window")
        .on("GET /upgrade", "upgrade-completed");
    transcript.run(appliance, "upgrade", "status", "--watch");
    transcript.matches("upgrade-watch");
  }

  @Test
  void shouldEndAWatchWellAtAnOrderedPauseOnly() throws IOException {
    appliance.on("GET /upgrade", "upgrade-paused").on("GET /upgrade", "upgrade-given-up");
    transcript.run(appliance, "upgrade", "status", "--watch");
    transcript.run(appliance, "upgrade", "status", "--watch");
    transcript.matches("upgrade-watch-paused");
  }

  @Test
  void shouldSayWhyADryRunDidNotPass() throws IOException {
    appliance.on("POST /upgrade", "prechecks-not-passed");
    transcript.run(appliance, "upgrade", "start", "1.2.2", "--dry-run");
    transcript.matches("upgrade-dry-run");
  }

  @Test
  void shouldKnowNoWordsThatAreNoCommands() throws IOException {
    transcript.runAlone("frobnicate");
    transcript.runAlone("frobnicate", "--help");
    transcript.runAlone("upgrade", "frobnicate");
    transcript.runAlone("status", "frobnicate");
    transcript.runAlone("hostload", "-V");
    transcript.matches("unknown-words");
  }

  @Test
  void shouldCompleteTheWordsOfOptions() {
    var script = new Transcript();
    script.runAlone("completion");
    assertThat(script.text())
        .contains("\"FINISH_SOONER\"", "\"SLOWING_HOST_IO\"", "\"once-active\"");
  }

  @Test
  void shouldPreviewACancel() throws IOException {
    appliance.on("GET /upgrade/cancel", "cancel-available");
    transcript.run(appliance, "upgrade", "cancel", "--preview");
    transcript.run(appliance, "upgrade", "cancel", "--preview", "--json");
    transcript.matches("cancel-preview");
  }

  @Test
  void shouldAskBeforeACancel() throws IOException {
    appliance
        .on("GET /upgrade/cancel", "cancel-available")
        .on("POST /upgrade/cancel", "cancel-started");
    transcript.run(appliance, "upgrade", "cancel");
    transcript.atTerminal("\n").run(appliance, "upgrade", "cancel");
    transcript
        .atTerminal("y\n")
        .run(appliance, "upgrade", "cancel", "--reason", "taking-too-long", "--comment", "slow");
    transcript.run(appliance, "upgrade", "cancel", "--reason", "boredom");
    transcript.matches("cancel-prompt");
  }

  @Test
  void shouldAskAgainWhenTheUpgradeHasMovedOn() throws IOException {
    appliance
        .on("GET /upgrade/cancel", "cancel-available")
        .on("POST /upgrade/cancel", 409, "problem-revision-changed")
        .on("POST /upgrade/cancel", "cancel-started");
    transcript.atTerminal("y\ny\n").run(appliance, "upgrade", "cancel");
    transcript.matches("cancel-moved-on");
  }

  @Test
  void shouldGiveUpWhenItMovesOnForEver() throws IOException {
    appliance
        .on("GET /upgrade/cancel", "cancel-available")
        .on("POST /upgrade/cancel", 409, "problem-revision-changed");
    transcript.run(appliance, "upgrade", "cancel", "--yes");
    transcript.matches("cancel-moved-on-for-ever");
  }

  @Test
  void shouldNotSendACancelThatIsNotPossible() throws IOException {
    appliance
        .on("GET /upgrade/cancel", "cancel-blocked")
        .on("GET /upgrade/cancel", "cancel-unavailable")
        .on("GET /upgrade/cancel", "cancel-idle");
    transcript.run(appliance, "upgrade", "cancel", "--yes");
    transcript.run(appliance, "upgrade", "cancel", "--yes");
    transcript.run(appliance, "upgrade", "cancel", "--yes");
    transcript.matches("cancel-refused");
    assertThat(appliance.requests()).noneMatch(request -> request.startsWith("POST"));
  }

  @Test
  void shouldSayThatACancelHadNoEffect() throws IOException {
    appliance
        .on("GET /upgrade/cancel", "cancel-no-effect")
        .on("POST /upgrade/cancel", "cancel-said-no-effect");
    transcript.atTerminal("").run(appliance, "upgrade", "cancel");
    transcript.matches("cancel-no-effect");
  }

  @Test
  void shouldQueueAndWithdraw() throws IOException {
    appliance
        .on("GET /upgrade/cancel", "cancel-unavailable")
        .on("POST /upgrade/cancel", "cancel-queued")
        .on("DELETE /upgrade/cancel", "upgrade-early");
    transcript.run(appliance, "upgrade", "cancel", "--when-possible", "--yes");
    transcript.run(appliance, "upgrade", "cancel", "--withdraw");
    transcript.run(appliance, "upgrade", "cancel", "--withdraw", "--wait");
    transcript.matches("cancel-queued");
  }

  @Test
  void shouldAcceptADisruption() throws IOException {
    appliance
        .on("GET /upgrade/cancel", "cancel-blocked")
        .on("POST /upgrade/cancel", "cancel-started");
    transcript.run(appliance, "upgrade", "cancel", "--accept-disruption", "--yes");
    transcript.matches("cancel-disruption");
  }

  @Test
  void shouldWaitUntilCanceled() throws IOException {
    appliance
        .on("GET /upgrade/cancel", "cancel-available")
        .on("POST /upgrade/cancel", "cancel-started")
        .on("GET /upgrade", "upgrade-canceling")
        .on("GET /upgrade", 503, "problem-no-active")
        .on("GET /upgrade", "upgrade-canceled");
    transcript.run(appliance, "upgrade", "cancel", "--yes", "--wait");
    transcript.matches("cancel-wait");
  }

  @Test
  void shouldFailWhenAQueuedCancelNeverCame() throws IOException {
    appliance
        .on("GET /upgrade/cancel", "cancel-unavailable")
        .on("POST /upgrade/cancel", "cancel-queued")
        .on("GET /upgrade", "upgrade-in-window")
        .on("GET /upgrade", "upgrade-completed");
    transcript.run(appliance, "upgrade", "cancel", "--yes", "--when-possible", "--wait");
    transcript.matches("cancel-wait-completed");
  }

  @Test
  void shouldSayWhatPowerOffMeans() throws IOException {
    appliance
        .on("GET /appliance", "appliance-redundant")
        .on("POST /controllers/0/power-off", "done")
        .on("POST /controllers/1/power-off", "done")
        .on("POST /controllers/1/power-on", "done")
        .on("POST /controllers/1/reboot", "done")
        .on("POST /controllers/handover", "done");
    transcript.run(appliance, "controller", "handover");
    transcript.run(appliance, "controller", "reboot", "1");
    transcript.run(appliance, "controller", "reboot", "2");
    transcript.run(appliance, "controller", "power-off", "0");
    transcript.run(appliance, "controller", "power-off", "0", "--yes");
    transcript.run(appliance, "controller", "power-on", "1");
    transcript.run(appliance, "controller", "power-on", "1", "--slot", "b");
    transcript.atTerminal("n\n").run(appliance, "controller", "power-off", "1");
    transcript.atTerminal("y\n").run(appliance, "controller", "power-on", "1", "--slot", "B");
    transcript.matches("controller");
  }

  @Test
  void shouldExplainEveryCommand() {
    explained(BasculeCommand.commandLine().getSubcommands().values());
  }

  private static void explained(Collection<CommandLine> commands) {
    for (var command : commands) {
      var usage = command.getCommandSpec().usageMessage();
      if (usage.hidden()) {
        continue; // not for people
      }
      String name = command.getCommandSpec().qualifiedName();
      assertThat(usage.description()).as("the description of %s", name).hasSize(1);
      assertThat(usage.footer()).as("the example of %s", name).anyMatch(l -> l.contains("Example"));
      assertThat(command.getCommandSpec().optionsMap()).as(name).containsKey("--help");
      explained(command.getSubcommands().values());
    }
  }

  @Test
  void shouldShowHelp() throws IOException {
    transcript.runAlone("upgrade", "cancel", "--help");
    transcript.runAlone("volume", "create", "--help");
    transcript.runAlone("volume");
    transcript.runAlone("volume", "create", "db");
    transcript.matches("help");
  }

  @Test
  void shouldSayThatThereIsNoAppliance(@TempDir Path folder) {
    String nowhere = folder.resolve("none").toString();
    for (String command : new String[] {"status", "volume list", "controller power-on 1"}) {
      int exit = new Transcript().runAlone(with(command.split(" "), "--data", nowhere));
      assertThat(exit).as(command).isEqualTo(ExitCode.NOT_REACHABLE);
    }
  }

  @Test
  void shouldSayThatNobodyAnswers() throws IOException {
    String gone;
    try (var stopped = new RecordedAppliance()) {
      gone = stopped.url();
    }
    int exit = new Transcript().runAlone("status", "--url", gone, "--token", "t");
    assertThat(exit).isEqualTo(ExitCode.NOT_REACHABLE);
  }

  private static String[] with(String[] args, String... more) {
    var all = java.util.Arrays.copyOf(args, args.length + more.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    return all;
  }
}
