package io.bascule.controller.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.bascule.controller.link.ChassisLink;
import io.bascule.controller.link.PeerLink;
import io.bascule.controller.service.EventService;
import io.bascule.controller.service.UpgradeService;
import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.chassis.ChassisProtocol;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.link.Frame;
import io.bascule.platform.ApplianceSettings;
import io.bascule.platform.Layout;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an operator is told, by what a chassis at the other end of its socket says. */
@Timeout(60)
class OperatorTest {
  private final List<String> asked = new ArrayList<>();
  private volatile Status other = Status.ONLINE;
  @TempDir Path folder;
  private Layout layout;
  private ServerSocketChannel listener;
  private ChassisLink chassis;
  private Operator operator;

  @BeforeEach
  void start() throws Exception {
    layout = Layout.of(folder);
    new ApplianceSettings("test", "127.0.0.1", 33_000, 33_010).store(layout.settings());
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(layout.chassisSocket()));
    Thread.ofPlatform().daemon().start(this::serve);
    var self = ControllerId.CONTROLLER_0;
    var release = Version.parse("1.2.1");
    chassis = new ChassisLink(layout, self, release, Optional::empty);
    chassis.start();
    await().atMost(30, TimeUnit.SECONDS).until(chassis::linked);
    var settings =
        new NodeSettings(
            layout, self, Slot.A, release, List.of(), ApplianceSettings.load(layout.settings()));
    var peer =
        new PeerLink(
            layout,
            self,
            release,
            new PeerLink.Ends(
                () -> {
                  throw new AssertionError("no peer is asked");
                },
                Optional::empty,
                _ -> {},
                frame -> frame));
    operator =
        new Operator(
            settings,
            chassis,
            peer,
            quiet(EventService.class),
            quiet(UpgradeService.class),
            _ -> {});
  }

  @AfterEach
  void stop() throws IOException {
    chassis.close();
    listener.close();
    layout.removeSockets();
  }

  /** One that says nothing and is asked for nothing: no upgrade runs. */
  private static <T> T quiet(Class<T> type) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, _) -> {
              if (method.getReturnType() != void.class) {
                throw new AssertionError(method.toString());
              }
              return null;
            }));
  }

  private void serve() {
    try {
      while (true) {
        try (var channel = listener.accept()) {
          answer(channel);
        }
      }
    } catch (AsynchronousCloseException e) {
      return; // the test is over
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void answer(SocketChannel channel) {
    try {
      var in = new BufferedInputStream(Channels.newInputStream(channel));
      var out = Channels.newOutputStream(channel);
      while (true) {
        var frame = Frame.readFrom(in);
        if (frame.optional("seq").isEmpty()) {
          continue; // HELLO
        }
        judged(frame).with("seq", frame.number("seq")).writeTo(out);
      }
    } catch (IOException e) {
      return; // the link was closed
    }
  }

  private Frame judged(Frame frame) {
    if (frame.type().equals(ChassisProtocol.STATE)) {
      return Frame.of(
          ChassisProtocol.OK,
          "state.0",
          boot(ControllerId.CONTROLLER_0, Status.ONLINE).encode(),
          "state.1",
          boot(ControllerId.CONTROLLER_1, other).encode());
    }
    synchronized (asked) {
      asked.add(frame.type());
    }
    return frame.type().equals(ChassisProtocol.POWER_OFF)
        ? Frame.of(ChassisProtocol.REFUSED, "reason", "the appliance is going down")
        : Frame.of(ChassisProtocol.OK);
  }

  private static ControllerBoot boot(ControllerId id, Status status) {
    return new ControllerBoot(
        id,
        status,
        Optional.empty(),
        Optional.empty(),
        status == Status.ONLINE ? Optional.of(Slot.A) : Optional.empty(),
        Slot.A,
        Optional.empty(),
        0,
        false,
        ControllerBoot.BootCause.POWER_ON,
        Optional.empty(),
        0,
        0);
  }

  private List<String> asked() {
    synchronized (asked) {
      return List.copyOf(asked);
    }
  }

  @Test
  void shouldSayThatAControllerWithoutPowerCannotBeRebooted() {
    other = Status.OFF;
    assertThatThrownBy(() -> operator.reboot(ControllerId.CONTROLLER_1, "ann"))
        .isInstanceOfSatisfying(
            Refusal.class, no -> assertThat(no.code()).isEqualTo(ErrorCode.CONFLICTING_OPERATION))
        .hasMessageContaining("Controller 1 is OFF")
        .hasMessageContaining("bascule controller power-on 1");
    assertThat(asked()).isEmpty();
    other = Status.ONLINE;
    assertThat(operator.reboot(ControllerId.CONTROLLER_1, "ann")).contains("reboots");
    assertThat(asked()).containsExactly(ChassisProtocol.BOOT);
  }

  @Test
  void shouldSayThatAControllerIsOnAlready() {
    assertThat(operator.powerOn(ControllerId.CONTROLLER_1, null, "ann"))
        .isEqualTo("Controller 1 is on already; nothing was done.");
    assertThat(operator.powerOn(ControllerId.CONTROLLER_0, null, "ann")).contains("on already");
    other = Status.OFF;
    assertThat(operator.powerOn(ControllerId.CONTROLLER_1, null, "ann"))
        .isEqualTo("Controller 1 boots.");
    other = Status.FAILED;
    assertThat(operator.powerOn(ControllerId.CONTROLLER_1, null, "ann"))
        .isEqualTo("Controller 1 boots.");
  }

  @Test
  void shouldTellARefusingChassisFromAnAbsentOne() throws IOException {
    assertThatThrownBy(() -> operator.powerOff(ControllerId.CONTROLLER_1, "ann"))
        .isInstanceOfSatisfying(
            Refusal.class, no -> assertThat(no.code()).isEqualTo(ErrorCode.CONFLICTING_OPERATION))
        .hasMessageContaining("going down");
    chassis.close();
    await().atMost(30, TimeUnit.SECONDS).until(() -> !chassis.linked());
    assertThatThrownBy(() -> operator.powerOff(ControllerId.CONTROLLER_1, "ann"))
        .isInstanceOfSatisfying(
            Refusal.class, no -> assertThat(no.code()).isEqualTo(ErrorCode.CHASSIS_ABSENT));
  }
}
