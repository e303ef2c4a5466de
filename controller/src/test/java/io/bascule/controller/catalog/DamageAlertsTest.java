package io.bascule.controller.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.controller.TestDb;
import io.bascule.controller.catalog.Catalog.VolumeEntry;
import io.bascule.controller.event.Events;
import io.bascule.controller.state.StateDb;
import io.bascule.core.api.AlertView;
import io.bascule.core.volume.Damage;
import io.bascule.core.volume.DamageReport;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DamageAlertsTest {
  private static final VolumeEntry DB = new VolumeEntry(new UUID(1, 1), "db", 0, 1 << 20, "s1");
  private static final VolumeEntry WEB = new VolumeEntry(new UUID(1, 2), "web", 1, 1 << 20, "s2");
  private static final List<VolumeEntry> BOTH = List.of(DB, WEB);
  private static final Damage BLOCK = new Damage(Optional.of(DB.uuid()), "a.segment: block 7");
  private static final Damage SHARED = Damage.shared("a.segment: its footer");

  @TempDir private Path dir;
  private StateDb db;
  private Events events;

  @BeforeEach
  void open() {
    db = TestDb.open(dir);
    events = new Events(db);
  }

  @AfterEach
  void close() {
    db.close();
  }

  private List<String> open(DamageAlerts alerts, boolean complete, Damage... damage) {
    alerts.look(new DamageReport(List.of(damage), complete), BOTH);
    return events.alerts().stream()
        .filter(alert -> alert.clearedAt() == null)
        .map(AlertView::message)
        .toList();
  }

  @Test
  void shouldNameTheVolumeThatMissesBlocks() {
    var alerts = new DamageAlerts(events);
    assertThat(open(alerts, false)).isEmpty();
    assertThat(open(alerts, false, BLOCK)).singleElement().asString().contains("Volume db ");
    assertThat(events.alerts().getFirst().severity()).isEqualTo("CRITICAL");
    assertThat(open(alerts, false, BLOCK, SHARED)).hasSize(2);
    assertThat(open(alerts, true, SHARED)).singleElement().asString().contains("its footer");
    assertThat(open(alerts, true)).isEmpty();
  }

  /**
   * The next active controller knows nothing at first: that is no reason to tell that all is well.
   */
  @Test
  void shouldTakeNothingBackBeforeAllWasRead() {
    assertThat(open(new DamageAlerts(events), true, BLOCK)).hasSize(1);
    var next = new DamageAlerts(events);
    assertThat(open(next, false)).hasSize(1);
    assertThat(open(next, false, BLOCK)).as("told once").hasSize(1);
    var last = new DamageAlerts(events);
    assertThat(open(last, false)).hasSize(1);
    assertThat(open(last, true)).isEmpty();
  }

  /** Another volume may have the name of one that was deleted. */
  @Test
  void shouldTellOfAVolumeThatBearsAnOldName() {
    var alerts = new DamageAlerts(events);
    assertThat(open(alerts, false, BLOCK)).hasSize(1);
    events.clear(DamageAlerts.kind(DB)); // as its deletion does
    alerts.look(new DamageReport(List.of(BLOCK), false), List.of(WEB));
    assertThat(open(alerts, false, BLOCK)).anyMatch(message -> message.contains("Volume db "));
  }
}
