package io.bascule.controller.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.controller.TestDb;
import io.bascule.controller.event.Events;
import io.bascule.controller.state.StateDb;
import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.HostView;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostsTest {
  private static final String IQN = "iqn.1993-08.org.debian:01:abc";
  private static final String SECRET = "a-secret-of-16-c";

  @TempDir private Path dir;
  private StateDb db;
  private final AtomicInteger shown = new AtomicInteger();

  @BeforeEach
  void open() {
    db = TestDb.open(dir);
  }

  @AfterEach
  void close() {
    db.close();
  }

  private Hosts hosts(boolean loopback) {
    return new Hosts(db, new Events(db), loopback, shown::incrementAndGet);
  }

  private static HostView.Create host(
      String name, String iqn, @Nullable String user, @Nullable String secret) {
    return new HostView.Create(name, iqn, user, secret, null);
  }

  private static void refuses(ErrorCode code, Runnable what) {
    assertThatThrownBy(what::run)
        .isInstanceOfSatisfying(Refusal.class, no -> assertThat(no.code()).isEqualTo(code));
  }

  @Test
  void shouldGrantAllVolumesByDefault() {
    assertThat(hosts(true).create(host("h", IQN, null, null), "me").volumes()).containsExactly("*");
    assertThat(shown).hasValue(1);
  }

  @Test
  void shouldGrantNothingByAnEmptyList() {
    var hosts = hosts(true);
    var none = new HostView.Create("h", IQN, null, null, List.of());
    assertThat(hosts.create(none, "me").volumes()).isEmpty();
    hosts.create(host("g", "eui.0123456789abcdef", null, null), "me");
    var nothing = new HostView.Change(null, null, List.of());
    assertThat(hosts.change("g", nothing, "me").volumes()).isEmpty();
    var secret = new HostView.Change("user", SECRET, null);
    assertThat(hosts.change("g", secret, "me").volumes()).as("as it was").isEmpty();
  }

  @Test
  void shouldOpenToAnybodyOnLoopbackAlone() {
    refuses(
        ErrorCode.INVALID_ARGUMENT, () -> hosts(false).create(host("any", "*", null, null), "me"));
    hosts(false).create(host("chap", "*", "user", SECRET), "me");
    hosts(false).remove("chap", "me");
    hosts(true).create(host("any", "*", null, null), "me");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "iqn", "iqn.2000.x", "iqn.2000-01.a b", "eui.123", "naa.12", "**"})
  void shouldRefuseNamesThatAreNone(String iqn) {
    refuses(ErrorCode.INVALID_ARGUMENT, () -> hosts(true).create(host("h", iqn, null, null), "me"));
  }

  @Test
  void shouldRefuseHalfOfChapAndShortSecrets() {
    var hosts = hosts(true);
    for (var half :
        List.of(
            host("h", IQN, "user", null),
            host("h", IQN, null, SECRET),
            host("h", IQN, "user", "short"),
            host("h", IQN, "user", "x".repeat(256)))) {
      refuses(ErrorCode.INVALID_ARGUMENT, () -> hosts.create(half, "me"));
    }
    assertThat(hosts.list()).isEmpty();
    assertThat(shown).hasValue(0);
  }

  @Test
  void shouldRefuseTheSameNameOrInitiatorTwice() {
    var hosts = hosts(true);
    hosts.create(host("h", IQN, null, null), "me");
    refuses(
        ErrorCode.ALREADY_EXISTS,
        () -> hosts.create(host("h", "eui.0123456789abcdef", null, null), "me"));
    refuses(
        ErrorCode.ALREADY_EXISTS,
        () ->
            hosts.create(host("other", IQN.toUpperCase(java.util.Locale.ROOT), null, null), "me"));
  }

  @Test
  void shouldRefuseVolumesThatAreNotThere() {
    refuses(
        ErrorCode.NOT_FOUND,
        () -> hosts(true).create(new HostView.Create("h", IQN, null, null, List.of("v")), "me"));
  }

  @Test
  void shouldChangeWhatIsGivenAndKeepTheRest() {
    var hosts = hosts(true);
    hosts.create(host("h", IQN, "user", SECRET), "me");
    hosts.change("h", new HostView.Change(null, "another-secret-1", null), "me");
    db.close();
    db = TestDb.open(dir);
    assertThat(hosts(true).entries())
        .singleElement()
        .satisfies(entry -> {
          assertThat(entry.chapUser()).isEqualTo("user");
          assertThat(entry.chapSecret()).isEqualTo("another-secret-1");
          assertThat(entry.volumes()).containsExactly("*");
          assertThat(entry.toString()).as("never logged").doesNotContain("secret");
        });
  }
}
