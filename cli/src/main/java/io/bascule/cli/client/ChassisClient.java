package io.bascule.cli.client;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import io.bascule.core.api.ApplianceView;
import io.bascule.core.chassis.ChassisProtocol;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.core.link.Frame;
import io.bascule.platform.Layout;
import io.bascule.release.Slots;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Talks to the chassis itself, for when no controller answers: power, and what it knows of both.
 * Used by one thread.
 */
public final class ChassisClient implements AutoCloseable {
  private final Layout layout;
  private final SocketChannel channel;
  private final InputStream in;
  private final OutputStream out;
  private long lastSeq;

  private ChassisClient(Layout layout, SocketChannel channel) {
    this.layout = layout;
    this.channel = channel;
    this.in = new BufferedInputStream(Channels.newInputStream(channel));
    this.out = Channels.newOutputStream(channel);
  }

  /**
   * @throws NotReachable if no chassis runs there
   */
  public static ChassisClient connect(Layout layout) throws NotReachable {
    try {
      var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(layout.chassisSocket()));
        var client = new ChassisClient(layout, channel);
        client.hello();
        return client;
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw new NotReachable(
          "neither a controller nor the chassis of "
              + layout.root()
              + " answers; `bascule up` starts them",
          e);
    }
  }

  private void hello() throws IOException {
    Frame.of(
            ChassisProtocol.HELLO,
            "protocol",
            ChassisProtocol.VERSION,
            "kind",
            "client",
            "pid",
            ProcessHandle.current().pid())
        .writeTo(out);
  }

  /** Sends a request and returns the answer's fields; refused ones are an exception. */
  public Map<String, String> request(String type, Map<String, String> fields)
      throws Refused, IOException {
    var all = new LinkedHashMap<>(fields);
    String seq = Long.toString(++lastSeq);
    all.put("seq", seq);
    new Frame(type, all).writeTo(out);
    while (true) {
      var answer = Frame.readFrom(in);
      if (!seq.equals(answer.fields().get("seq"))) {
        continue; // not for us: a ping, or news
      }
      if (answer.type().equals(ChassisProtocol.OK)) {
        return answer.fields();
      }
      String reason = answer.optional("reason").orElse("the chassis refused " + type);
      throw Refused.byChassis(reason);
    }
  }

  /** Both controllers, as far as the chassis knows them. */
  public List<ApplianceView.Controller> controllers() throws Refused, IOException {
    var state = request(ChassisProtocol.STATE, Map.of());
    var views = new ArrayList<ApplianceView.Controller>();
    for (var id : ControllerId.values()) {
      String encoded = state.get("state." + id.number());
      if (encoded == null) {
        throw new IOException("the chassis says nothing of " + id);
      }
      var boot = ControllerBoot.decode(encoded);
      views.add(
          new ApplianceView.Controller(
              id.number(),
              name(boot.role()),
              boot.status().name(),
              name(boot.release()),
              slots(id),
              name(boot.runningSlot()),
              boot.attempts(),
              Instant.ofEpochMilli(boot.sinceMillis())));
    }
    return views;
  }

  private Map<String, @Nullable String> slots(ControllerId id) {
    var slots = new LinkedHashMap<String, @Nullable String>();
    for (var slot : Slot.values()) {
      var manifest = Slots.read(layout.slot(id, slot));
      slots.put(slot.name(), manifest.map(m -> m.version().toString()).orElse(null));
    }
    return slots;
  }

  private static @Nullable String name(java.util.Optional<?> value) {
    return value.map(Object::toString).orElse(null);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
