package io.bascule.controller.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.bascule.controller.state.LostState;
import io.bascule.core.ControllerId;
import io.bascule.platform.Layout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Without state.db nobody serves an enclosure that holds volumes, and nothing of it is touched. */
class LostStateTest {
  @TempDir private Path root;

  private Path inEnclosure(String name) throws Exception {
    Path file = root.resolve("enclosure").resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, "");
  }

  @Test
  void shouldLetANewApplianceBegin() throws Exception {
    var layout = Layout.of(root);
    assertThat(LostState.look(layout)).isEmpty();
    Files.createDirectories(layout.volumesV1());
    assertThat(LostState.look(layout)).isEmpty();
    inEnclosure("state.db"); // a process died before it wrote anything
    assertThat(LostState.look(layout)).isEmpty();
  }

  @Test
  void shouldRefuseVolumesOfEitherFormatWithoutTheirStateDb() throws Exception {
    var layout = Layout.of(root);
    Path volume = inEnclosure("v1/a.header");
    assertThat(LostState.look(layout)).get().asString().contains("put the latest one back");
    Path stateDb = inEnclosure("state.db");
    assertThat(LostState.look(layout)).as("an empty file is none").isPresent();
    Files.writeString(stateDb, "something");
    assertThat(LostState.look(layout)).isEmpty();
    Files.delete(stateDb);
    Files.delete(volume);
    assertThat(LostState.look(layout)).isEmpty();
    inEnclosure("v2/segment");
    assertThat(LostState.look(layout)).isPresent();
  }

  @Test
  void shouldServeAgainOnceItIsBack() throws Exception {
    try (var appliance = new TestAppliance(root, "1.2.1", 13580)) {
      Path volume = inEnclosure("v1/a.data");
      Path stateDb = appliance.layout.stateDb();
      for (var id : ControllerId.values()) {
        appliance.start(id);
      }
      for (var id : ControllerId.values()) {
        await()
            .atMost(TestAppliance.LONG)
            .until(() -> !appliance.logLines(id, "put the latest one back").isEmpty());
      }
      assertThat(stateDb).doesNotExist();
      assertThat(volume).exists();
      Files.delete(volume);
      await()
          .atMost(TestAppliance.LONG)
          .until(() ->
              Stream.of(ControllerId.values())
                  .anyMatch(id -> appliance.health(id).contains("ACTIVE")));
      appliance.awaitRedundant(
          appliance.health(ControllerId.CONTROLLER_0).contains("ACTIVE")
              ? ControllerId.CONTROLLER_0
              : ControllerId.CONTROLLER_1);
      assertThat(stateDb).exists();
    }
  }
}
