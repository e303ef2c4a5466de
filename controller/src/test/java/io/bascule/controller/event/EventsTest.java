package io.bascule.controller.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.bascule.controller.TestDb;
import io.bascule.core.Refusal;
import io.bascule.core.api.AlertView;
import io.bascule.core.api.EventView;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventsTest {
  @TempDir private Path dir;

  @Test
  void shouldKeepEventsInOrderOverATakeover() {
    try (var db = TestDb.open(dir)) {
      var events = new Events(db);
      events.record("INFO", "a", "first");
      events.record("WARNING", "b", "second");
    }
    try (var db = TestDb.open(dir)) {
      var events = new Events(db);
      events.record("INFO", "c", "third");
      assertThat(events.newest(2))
          .extracting(EventView::message)
          .containsExactly("second", "third");
      long first = events.newest(3).getFirst().id();
      assertThat(events.after(first, 1)).extracting(EventView::kind).containsExactly("b");
      assertThat(events.after(first + 2, 10)).isEmpty();
    }
  }

  @Test
  void shouldForgetTheOldestAboveTheBound() {
    try (var db = TestDb.open(dir)) {
      var events = new Events(db, 100);
      for (int i = 0; i < Events.TRIM_EVERY; i++) {
        db.transaction(sql ->
            sql.insert(
                "INSERT INTO events (at, severity, kind, message)"
                    + " VALUES ('2026-01-01T00:00:00Z', 'INFO', 'k', 'm')"));
      }
      for (int i = 0; i < Events.TRIM_EVERY; i++) {
        events.record("INFO", "k", "m");
      }
      assertThat(events.newest(10_000))
          .hasSize(100)
          .last()
          .extracting(EventView::id)
          .isEqualTo(1000L);
    }
  }

  @Test
  void shouldWakeWhoWaits() throws Exception {
    try (var db = TestDb.open(dir)) {
      var events = new Events(db);
      var waiting =
          CompletableFuture.supplyAsync(() -> {
            try {
              events.await(0, 60_000);
              return events.after(0, 10);
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          });
      await().during(java.time.Duration.ofMillis(100)).until(() -> !waiting.isDone());
      events.record("INFO", "k", "woken");
      assertThat(waiting.get(30, TimeUnit.SECONDS))
          .extracting(EventView::message)
          .containsExactly("woken");
    }
  }

  @Test
  void shouldKeepOneOpenAlertOfAKind() {
    try (var db = TestDb.open(dir)) {
      var events = new Events(db);
      events.raise("WARNING", "k", "first", "do");
      events.raise("WARNING", "k", "again", "do");
      events.raise("CRITICAL", "other", "other", "do");
      assertThat(events.alerts()).extracting(AlertView::message).containsExactly("other", "first");
      events.clear("other");
      assertThat(events.alerts())
          .as("open ones first")
          .extracting(AlertView::message)
          .containsExactly("first", "other");
      events.clear("other");
      events.raise("CRITICAL", "other", "anew", "do");
      assertThat(events.alerts())
          .extracting(AlertView::message)
          .containsExactly("anew", "first", "other");
      assertThat(events.newest(100))
          .as("three raised, one cleared, the rest changed nothing")
          .hasSize(4);
    }
  }

  @Test
  void shouldAcknowledgeOnce() {
    try (var db = TestDb.open(dir)) {
      var events = new Events(db);
      events.raise("WARNING", "k", "m", "do");
      long id = events.alerts().getFirst().id();
      events.acknowledge(id, "me");
      var first = events.alerts().getFirst().acknowledgedAt();
      assertThat(first).isNotNull();
      events.acknowledge(id, "you");
      assertThat(events.alerts().getFirst().acknowledgedAt()).isEqualTo(first);
      assertThatThrownBy(() -> events.acknowledge(id + 1, "me")).isInstanceOf(Refusal.class);
    }
  }
}
