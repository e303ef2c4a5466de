package io.bascule.controller.link;

import io.bascule.core.Role;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.link.Frame;
import java.util.List;
import java.util.Optional;

/**
 * What a controller says of itself over the peer link.
 *
 * @param ready it would take over at once
 * @param forbidden why it may not serve; empty when it may
 * @param managementPort of its fixed address
 * @param initiators that are logged in there; none are known of releases that do not say it
 */
public record PeerStatus(
    Role role,
    Status status,
    Version release,
    long epoch,
    boolean ready,
    Optional<String> forbidden,
    int managementPort,
    List<String> initiators) {

  public PeerStatus {
    initiators = List.copyOf(initiators);
  }

  Frame toFrame() {
    return Frame.of(
        PeerProtocol.STATUS,
        "role",
        role,
        "status",
        status,
        "release",
        release,
        "epoch",
        epoch,
        "ready",
        ready,
        "forbidden",
        forbidden.orElse(""),
        "managementPort",
        managementPort,
        "initiators",
        String.join(" ", initiators)); // an iSCSI name has no spaces
  }

  static PeerStatus fromFrame(Frame frame) {
    return new PeerStatus(
        Role.valueOf(frame.text("role")),
        Status.valueOf(frame.text("status")),
        Version.parse(frame.text("release")),
        frame.number("epoch"),
        Boolean.parseBoolean(frame.text("ready")),
        frame.optional("forbidden"),
        (int) frame.number("managementPort"),
        frame.optional("initiators").map(names -> List.of(names.split(" ", -1))).orElse(List.of()));
  }
}
