package io.bascule.controller.runtime;

import static io.bascule.core.ControllerId.CONTROLLER_0;
import static io.bascule.core.ControllerId.CONTROLLER_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real controller processes: who serves, when the other one leaves, is stopped, dies. */
class TakeoverTest {
  @TempDir private Path root;

  @Test
  void shouldTakeOverOnlyWhenTheStoppedActiveIsDead() throws Exception {
    try (var appliance = new TestAppliance(root, "1.2.1", 13520)) {
      appliance.start(CONTROLLER_0);
      appliance.awaitActive(CONTROLLER_0);
      appliance.start(CONTROLLER_1);
      appliance.awaitRedundant(CONTROLLER_0);
      assertThat(
              appliance.post(
                  CONTROLLER_1, "/api/v1/volumes", "{\"name\":\"v\",\"sizeBytes\":1048576}"))
          .as("the standby passes on")
          .contains("\"lun\":0");

      appliance.signal(CONTROLLER_0, "STOP");
      // The floating port still belongs to the stopped one, and so does the lease: for well over
      // the time a healthy takeover needs, the standby stays what it is.
      await()
          .during(Duration.ofSeconds(4))
          .atMost(Duration.ofSeconds(10))
          .until(() -> appliance.health(CONTROLLER_1).contains("\"STANDBY\""));
      assertThat(appliance.logLines(CONTROLLER_1, "ACTIVE on release")).isEmpty();

      appliance.signal(CONTROLLER_0, "KILL");
      appliance.awaitActive(CONTROLLER_1);
      assertThat(appliance.get(CONTROLLER_1, "/api/v1/volumes")).contains("\"name\":\"v\"");
      assertThat(appliance.logLines(CONTROLLER_1, "ACTIVE on release"))
          .singleElement()
          .asString()
          .contains("epoch 2");
      try (var floating = new Socket(InetAddress.getLoopbackAddress(), 13520)) {
        assertThat(floating.isConnected()).isTrue();
      }

      // The dead one comes back as standby: nobody gives way to it.
      appliance.start(CONTROLLER_0);
      appliance.awaitRedundant(CONTROLLER_1);
      assertThat(appliance.health(CONTROLLER_0)).contains("\"STANDBY\"");
    }
  }

  @Test
  void shouldHandOverAndStopInOrder() throws Exception {
    try (var appliance = new TestAppliance(root, "1.2.1", 13530)) {
      appliance.start(CONTROLLER_0);
      appliance.start(CONTROLLER_1);
      await()
          .atMost(TestAppliance.LONG)
          .until(() ->
              appliance.health(CONTROLLER_0).contains("ACTIVE")
                  || appliance.health(CONTROLLER_1).contains("ACTIVE"));
      var first = appliance.health(CONTROLLER_0).contains("ACTIVE") ? CONTROLLER_0 : CONTROLLER_1;
      var second = first.other();
      appliance.awaitRedundant(first);
      assertThat(appliance.logLines(second, "ACTIVE on release")).as("one at most").isEmpty();

      assertThat(appliance.post(second, "/api/v1/controllers/handover", ""))
          .contains("Controller " + second.number() + " takes over");
      assertThat(appliance.exitOf(first)).isEqualTo(64);
      assertThat(appliance.layout.intent(first)).content().startsWith("REBOOT handover by ");
      appliance.awaitActive(second);

      Files.delete(appliance.layout.intent(first));
      appliance.signal(second, "TERM");
      assertThat(appliance.exitOf(second)).isEqualTo(128 + 15);
      assertThat(appliance.logLines(second, "lease given up")).hasSize(1);
      assertThat(appliance.layout.intent(second)).as("it does not ask for a boot").doesNotExist();
    }
  }

  @Test
  void shouldNotServeWithAReleaseThatIsNotAllowed() throws Exception {
    try (var appliance = new TestAppliance(root, "1.2.1", 13540)) {
      appliance.start(CONTROLLER_0);
      appliance.awaitActive(CONTROLLER_0);
      appliance.signal(CONTROLLER_0, "TERM");
      appliance.exitOf(CONTROLLER_0);
      allow(appliance, "1.2.2");

      appliance.start(CONTROLLER_0);
      await()
          .atMost(TestAppliance.LONG)
          .until(() -> !appliance.logLines(CONTROLLER_0, "not serving").isEmpty());
      assertThat(appliance.logLines(CONTROLLER_0, "not serving"))
          .singleElement()
          .asString()
          .contains("1.2.1")
          .contains("only 1.2.2 may");
      await()
          .atMost(TestAppliance.LONG)
          .until(() -> appliance.get(CONTROLLER_0, "/api/v1/volumes").contains("NO_ACTIVE"));

      // It asks again: nobody has to restart it. SQLite lets us in between two of its questions.
      await()
          .atMost(TestAppliance.LONG)
          .ignoreException(java.sql.SQLException.class)
          .until(() -> {
            allow(appliance, "1.2.1,1.2.2");
            return true;
          });
      appliance.awaitActive(CONTROLLER_0);
    }
  }

  private static void allow(TestAppliance appliance, String releases) throws Exception {
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + appliance.layout.stateDb());
        var statement =
            connection.prepareStatement("UPDATE upgrade_row SET allowed_releases = ?")) {
      statement.setString(1, releases);
      statement.executeUpdate();
    }
  }
}
