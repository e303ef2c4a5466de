package io.bascule.controller.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.bascule.controller.upgrade.Fleet;
import io.bascule.core.ControllerId;
import io.bascule.core.Role;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.link.Frame;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two ends in one process, over a real socket. */
class PeerLinkTest {
  private static final Version OLD = new Version(1, 2, 1);
  private static final Version NEW = new Version(1, 2, 2);

  @TempDir private Path dir;
  private Layout layout;
  private PeerLink active;
  private PeerLink standby;
  private volatile String catalog = "{}";
  private final AtomicReference<PeerLink.@Nullable Pushed> received = new AtomicReference<>();
  private final OwnSlots slots = new OwnSlots();

  private static final class OwnSlots implements StagingFrames.OwnSlots {
    private final List<String> asked = new ArrayList<>();
    private Optional<Fleet.Staging> staging = Optional.empty();

    @Override
    public synchronized void stage(Version release, Slot slot, String tag) {
      asked.add("stage " + release + " " + slot + " " + tag);
      staging =
          Optional.of(
              new Fleet.Staging(tag, release, slot, 40, true, Optional.of("no space left")));
    }

    @Override
    public synchronized Optional<Fleet.Staging> staging() {
      return staging;
    }

    @Override
    public synchronized void dropSlot(Slot slot) throws IOException {
      throw new IOException("slot " + slot + " is the running one");
    }

    @Override
    public Map<Slot, Version> slots() {
      return Map.of(Slot.A, OLD);
    }
  }

  @BeforeEach
  void start() {
    layout = Layout.of(dir);
    active = link(ControllerId.CONTROLLER_0, Role.ACTIVE, OLD);
    standby = link(ControllerId.CONTROLLER_1, Role.STANDBY, NEW);
    active.start();
    standby.start();
    await().until(() -> active.peer().isPresent() && standby.peer().isPresent());
  }

  private PeerLink link(ControllerId id, Role role, Version release) {
    boolean pushes = role == Role.ACTIVE;
    return new PeerLink(
        layout,
        id,
        release,
        new PeerLink.Ends(
            () ->
                new PeerStatus(
                    role,
                    Status.ONLINE,
                    release,
                    7,
                    !pushes,
                    Optional.empty(),
                    8444,
                    pushes ? List.of() : List.of("iqn.2026-11.a:b", "eui.0123456789abcdef")),
            () ->
                pushes
                    ? Optional.of(new PeerLink.Pushed(catalog, "1.2.1,1.2.2"))
                    : Optional.empty(),
            received::set,
            request -> StagingFrames.answer(request, slots)));
  }

  @AfterEach
  void stop() throws IOException {
    standby.close();
    active.close();
    java.nio.file.Files.deleteIfExists(layout.peerSocket());
    java.nio.file.Files.deleteIfExists(layout.sockets());
  }

  @Test
  void shouldTellEachOtherAboutThemselves() {
    assertThat(active.peer().orElseThrow().release()).isEqualTo(NEW);
    assertThat(active.peer().orElseThrow().ready()).isTrue();
    assertThat(active.peer().orElseThrow().initiators())
        .containsExactly("iqn.2026-11.a:b", "eui.0123456789abcdef");
    assertThat(standby.peer().orElseThrow().initiators()).isEmpty();
    assertThat(standby.peer().orElseThrow().role()).isEqualTo(Role.ACTIVE);
    assertThat(standby.peer().orElseThrow().epoch()).isEqualTo(7);
  }

  @Test
  void shouldPushAtFirstAndOnChange() {
    await().until(() -> new PeerLink.Pushed("{}", "1.2.1,1.2.2").equals(received.get()));
    catalog = "{\"volumes\":[]}";
    active.push();
    await().until(() -> new PeerLink.Pushed(catalog, "1.2.1,1.2.2").equals(received.get()));
  }

  @Test
  void shouldCarryStagingOverTheLink() throws Exception {
    assertThat(StagingFrames.slots(active)).isEqualTo(Map.of(Slot.A, OLD));
    assertThat(StagingFrames.staging(active)).isEmpty();
    StagingFrames.stage(active, NEW, Slot.B, "tag");
    assertThat(slots.asked).containsExactly("stage 1.2.2 B tag");
    assertThat(StagingFrames.staging(active))
        .hasValue(new Fleet.Staging("tag", NEW, Slot.B, 40, true, Optional.of("no space left")));
    assertThatThrownBy(() -> StagingFrames.dropSlot(active, Slot.A))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("slot A is the running one");
  }

  @Test
  void shouldAnswerWhatItDoesNotKnow() throws Exception {
    assertThat(active.ask(Frame.of("FROM_THE_FUTURE", "a", 1)).type()).isEqualTo(Frame.UNSUPPORTED);
    assertThat(standby.ask(Frame.of("FROM_THE_FUTURE")).type()).isEqualTo(Frame.UNSUPPORTED);
  }

  @Test
  void shouldNoticeAPeerThatIsGoneAndOneThatIsBack() {
    standby.close();
    await().until(() -> active.peer().isEmpty());
    assertThatThrownBy(() -> active.ask(Frame.of("SLOTS"))).isInstanceOf(IOException.class);
    standby = link(ControllerId.CONTROLLER_1, Role.STANDBY, OLD);
    standby.start();
    await().until(() -> active.peer().map(PeerStatus::release).equals(Optional.of(OLD)));
  }

  @Test
  void shouldNotWaitForAPeerThatIsSilent() throws Exception {
    standby.close();
    await().until(() -> active.peer().isEmpty());
    // Connects, says hello, and nothing else: as a stopped process does.
    try (var silent = FrameConnection.dial(layout.peerSocket())) {
      silent.send(
          Frame.of(
              PeerProtocol.HELLO,
              "protocolMin",
              1,
              "protocolMax",
              1,
              "controller",
              1,
              "release",
              OLD,
              "epoch",
              0));
      assertThatThrownBy(
              () -> {
                while (true) {
                  silent.receive();
                }
              })
          .isInstanceOf(IOException.class);
    }
    standby = link(ControllerId.CONTROLLER_1, Role.STANDBY, NEW);
    standby.start();
    await().until(() -> active.peer().isPresent());
  }
}
