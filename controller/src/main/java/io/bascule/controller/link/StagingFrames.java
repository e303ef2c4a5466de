package io.bascule.controller.link;

import io.bascule.controller.upgrade.Fleet;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.Version;
import io.bascule.core.link.Frame;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** Slots and staging as frames of the peer link, both ends. */
public final class StagingFrames {
  /** What a controller does to its own slots, and only it. */
  public interface OwnSlots {
    void stage(Version release, Slot slot, String tag);

    Optional<Fleet.Staging> staging();

    void dropSlot(Slot slot) throws IOException;

    Map<Slot, Version> slots();
  }

  private StagingFrames() {}

  /** Carries a request out; UNSUPPORTED if it is none of these. */
  public static Frame answer(Frame request, OwnSlots own) {
    try {
      return switch (request.type()) {
        case PeerProtocol.STAGE -> {
          own.stage(
              Version.parse(request.text("release")),
              Slot.valueOf(request.text("slot")),
              request.text("tag"));
          yield Frame.of(PeerProtocol.OK);
        }
        case PeerProtocol.STAGING ->
            own.staging().map(StagingFrames::encode).orElse(Frame.of(PeerProtocol.OK));
        case PeerProtocol.DROP_SLOT -> {
          own.dropSlot(Slot.valueOf(request.text("slot")));
          yield Frame.of(PeerProtocol.OK);
        }
        case PeerProtocol.SLOTS -> {
          var slots = own.slots();
          yield Frame.of(
              PeerProtocol.OK,
              "A",
              Optional.ofNullable(slots.get(Slot.A)).map(Version::toString).orElse(""),
              "B",
              Optional.ofNullable(slots.get(Slot.B)).map(Version::toString).orElse(""));
        }
        default -> Frame.of(Frame.UNSUPPORTED);
      };
    } catch (Refusal | IOException | IllegalArgumentException e) {
      return Frame.of(PeerProtocol.REFUSED, "reason", String.valueOf(e.getMessage()));
    }
  }

  private static Frame encode(Fleet.Staging staging) {
    return Frame.of(
        PeerProtocol.OK,
        "tag",
        staging.tag(),
        "release",
        staging.release(),
        "slot",
        staging.slot(),
        "percent",
        staging.percent(),
        "done",
        staging.done(),
        "error",
        staging.error().orElse(""));
  }

  public static void stage(PeerLink peer, Version release, Slot slot, String tag)
      throws IOException {
    ask(peer, Frame.of(PeerProtocol.STAGE, "release", release, "slot", slot, "tag", tag));
  }

  public static Optional<Fleet.Staging> staging(PeerLink peer) throws IOException {
    var answer = ask(peer, Frame.of(PeerProtocol.STAGING));
    if (answer.optional("tag").isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Fleet.Staging(
            answer.text("tag"),
            Version.parse(answer.text("release")),
            Slot.valueOf(answer.text("slot")),
            (int) answer.number("percent"),
            Boolean.parseBoolean(answer.text("done")),
            answer.optional("error")));
  }

  public static void dropSlot(PeerLink peer, Slot slot) throws IOException {
    ask(peer, Frame.of(PeerProtocol.DROP_SLOT, "slot", slot));
  }

  public static Map<Slot, Version> slots(PeerLink peer) throws IOException {
    var answer = ask(peer, Frame.of(PeerProtocol.SLOTS));
    var slots = new EnumMap<Slot, Version>(Slot.class);
    for (Slot slot : Slot.values()) {
      answer.optional(slot.name()).ifPresent(text -> slots.put(slot, Version.parse(text)));
    }
    return slots;
  }

  private static Frame ask(PeerLink peer, Frame request) throws IOException {
    var answer = peer.ask(request);
    if (!answer.type().equals(PeerProtocol.OK)) {
      throw new IOException(
          "the peer refuses "
              + request.type()
              + ": "
              + answer.optional("reason").orElse(answer.type()));
    }
    return answer;
  }
}
