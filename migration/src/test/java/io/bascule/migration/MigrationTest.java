package io.bascule.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.migration.Phase;
import org.junit.jupiter.api.Test;

/** The way of a migration, with hosts at work all along. */
class MigrationTest {

  @Test
  void shouldMigrateWhileHostsWork() {
    try (var rig = new Rig(2).filled(1)) {
      try (var hosts = new Hosts(rig, 4, 1, e -> false)) {
        for (var phase : Phase.values()) {
          rig.migration.aim(phase, false, Rig.QUICK);
          rig.awaitReached(phase);
          hosts.check();
        }
        rig.commit();
        Rig.until(() -> rig.freed, "format 1 is freed");
        hosts.check();
      }
      assertThat(rig.row.isCommitted()).isTrue();
      assertThat(rig.alarms).isEmpty();
      assertThat(rig.one.list()).isEmpty();
      rig.verifyServed();
      rig.verifyFormatTwoAlone();
    }
  }
}
