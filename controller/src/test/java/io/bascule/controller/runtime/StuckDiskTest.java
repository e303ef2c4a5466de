package io.bascule.controller.runtime;

import static io.bascule.core.ControllerId.CONTROLLER_0;
import static io.bascule.core.ControllerId.CONTROLLER_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.Location;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.connect.ListeningConnector;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.ClassPrepareEvent;
import com.sun.jdi.request.EventRequest;
import io.bascule.host.initiator.BlockDevice;
import io.bascule.host.initiator.InitiatorOptions;
import io.bascule.host.initiator.TargetUrl;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A disk that never answers, under a real controller process that is to leave. A debugger holds the
 * one thread that is about to sync a volume; everything else of the process runs on.
 */
class StuckDiskTest {
  private static final int ISCSI_PORT = 13560;

  @TempDir private Path root;

  @Test
  void shouldEndAndGiveUpTheLeaseThoughASyncDoesNotEnd() throws Exception {
    try (var appliance = new TestAppliance(root, "1.2.1", ISCSI_PORT);
        var stuck = new StuckSync()) {
      appliance.start(CONTROLLER_0, stuck.jvmOption());
      stuck.attach();
      appliance.awaitActive(CONTROLLER_0);
      appliance.start(CONTROLLER_1);
      appliance.awaitRedundant(CONTROLLER_0);
      appliance.post(CONTROLLER_0, "/api/v1/hosts", "{\"name\":\"any\",\"iqn\":\"*\"}");
      assertThat(
              appliance.post(
                  CONTROLLER_0, "/api/v1/volumes", "{\"name\":\"v\",\"sizeBytes\":1048576}"))
          .contains("\"lun\":0");
      String url = "iscsi://127.0.0.1:" + ISCSI_PORT + "/" + appliance.target() + "/0";
      try (var device =
          BlockDevice.open(
              TargetUrl.parse(url), InitiatorOptions.defaults().withRecoveryMillis(60_000))) {
        device.write(0, pattern());
        stuck.from();
        var flushed =
            CompletableFuture.runAsync(() -> {
              try {
                device.flush();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
        stuck.awaitHeld();
        assertThat(flushed).isNotDone();

        assertThat(appliance.post(CONTROLLER_0, "/api/v1/controllers/handover", ""))
            .contains("Controller 1 takes over");
        // The process ends with the sync in it: only then is the lease free, and the other serves.
        assertThat(appliance.exitOf(CONTROLLER_0)).isEqualTo(64);
        assertThat(appliance.logLines(CONTROLLER_0, "work on volumes does not end")).hasSize(1);
        assertThat(appliance.logLines(CONTROLLER_0, "lease given up")).isEmpty();
        appliance.awaitActive(CONTROLLER_1);

        // The host asks again, and what it was told is written is there.
        flushed.get(60, TimeUnit.SECONDS);
        assertThat(device.read(0, 8)).isEqualTo(pattern());
      }
    }
  }

  private static byte[] pattern() {
    byte[] data = new byte[8 * 512];
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) (i * 31);
    }
    return data;
  }

  /** Holds the first thread that comes to the sync of a volume, for good. */
  private static final class StuckSync implements AutoCloseable {
    private static final String CLASS = "io.bascule.store.v1.VolumeV1";

    private final ListeningConnector connector =
        Bootstrap.virtualMachineManager().listeningConnectors().stream()
            .filter(one -> one.transport().name().equals("dt_socket"))
            .findFirst()
            .orElseThrow();
    private final Map<String, ? extends Connector.Argument> where = connector.defaultArguments();
    private final String address;
    private final CompletableFuture<Location> sync = new CompletableFuture<>();
    private final CompletableFuture<String> held = new CompletableFuture<>();
    private @Nullable VirtualMachine vm;

    StuckSync() throws Exception {
      Objects.requireNonNull(where.get("localAddress")).setValue("127.0.0.1");
      address = connector.startListening(where);
    }

    String jvmOption() {
      String port = address.substring(address.lastIndexOf(':') + 1);
      return "-agentlib:jdwp=transport=dt_socket,server=n,suspend=y,address=127.0.0.1:" + port;
    }

    /** Before the process runs its first line. */
    void attach() throws Exception {
      var process = connector.accept(where);
      vm = process;
      var prepared = process.eventRequestManager().createClassPrepareRequest();
      prepared.addClassFilter(CLASS);
      prepared.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
      prepared.enable();
      Thread.ofPlatform().daemon().name("debugger").start(() -> listen(process));
    }

    private void listen(VirtualMachine process) {
      try {
        while (true) {
          var events = process.eventQueue().remove();
          boolean hold = false;
          for (var event : events) {
            if (event instanceof ClassPrepareEvent prepared) {
              sync.complete(line(prepared.referenceType()));
            }
            if (event instanceof BreakpointEvent at) {
              held.complete(at.thread().name());
              hold = true;
            }
          }
          if (!hold) {
            events.resume();
          }
        }
      } catch (VMDisconnectedException e) {
        held.completeExceptionally(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private static Location line(ReferenceType type) {
      return type.methodsByName("sync").getFirst().location();
    }

    /** From now on. */
    void from() throws Exception {
      var stop =
          Objects.requireNonNull(vm)
              .eventRequestManager()
              .createBreakpointRequest(sync.get(60, TimeUnit.SECONDS));
      stop.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
      stop.enable();
    }

    void awaitHeld() throws Exception {
      assertThat(held.get(60, TimeUnit.SECONDS)).isNotEmpty();
    }

    @Override
    public void close() throws Exception {
      connector.stopListening(where);
    }
  }
}
