package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Trusted keys are changed as SECURITY.md says, on an appliance that hosts go on using. */
class KeyRotationTest {
  @TempDir Path folder;

  @Test
  @EnabledIfSystemProperty(
      named = "bascule.check.all",
      matches = "true",
      disabledReason = "an upgrade and four reboots: a part of ./check --all")
  void shouldTrustTheNewKeyAndForgetTheOldOne() throws IOException {
    Path byNewKey = signedByANewKey("1.2.2");
    try (var appliance = Appliance.create("keys")) {
      appliance.volume("v", "64M");
      appliance.anyHost();
      try (var host = HostSide.start(appliance.url("v"), 5)) {
        refused(appliance, byNewKey);

        Path trust = appliance.data.resolve("enclosure/trust");
        List<Path> old = keys(trust);
        for (Path key : keys(folder.resolve("trust"))) {
          Files.copy(key, trust.resolve("new.pem"));
        }
        rebootBoth(appliance, "1.2.1");
        appliance.bascule("package", "add", byNewKey.toString()).ok();
        appliance.bascule("upgrade", "start", "1.2.2").ok();
        appliance.awaitState("COMPLETED");
        appliance.awaitRedundant("1.2.2");

        for (Path key : old) {
          Files.delete(key);
        }
        rebootBoth(appliance, "1.2.2");
        refused(appliance, Commands.release("2.0.1"));
        host.stopClean();
      }
    }
  }

  private static void rebootBoth(Appliance appliance, String version) {
    for (var id : List.of(ControllerId.CONTROLLER_1, ControllerId.CONTROLLER_0)) {
      long before = appliance.pid(id);
      appliance.bascule("controller", "reboot", Integer.toString(id.number())).ok();
      appliance.eventually(
          "controller " + id + " has begun anew",
          () -> appliance.process(id).filter(pid -> pid != before).isPresent());
      appliance.awaitRedundant(version);
    }
  }

  private static void refused(Appliance appliance, Path file) {
    var result = appliance.bascule("package", "add", file.toString());
    assertThat(result.exit()).as("%s", result).isEqualTo(3);
    assertThat(result.err()).contains("not trusted");
  }

  private static List<Path> keys(Path folder) throws IOException {
    var found = new ArrayList<Path>();
    try (var files = Files.newDirectoryStream(folder, "*.pem")) {
      files.forEach(found::add);
    }
    assertThat(found).isNotEmpty();
    return found;
  }

  /** That release as it is, signed by a key that is made for it. */
  private Path signedByANewKey(String version) throws IOException {
    var jars = Repackaging.jars(version, folder, Integer.MAX_VALUE);
    return Repackaging.compose(Repackaging.properties(version), jars, folder, folder);
  }
}
