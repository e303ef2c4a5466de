package io.bascule.controller.link;

import io.bascule.core.Role;
import io.bascule.core.Status;
import io.bascule.core.Version;
import io.bascule.core.link.Frame;
import java.util.Optional;

/**
 * What a controller says of itself over the peer link.
 *
 * @param ready it would take over at once
 * @param forbidden why it may not serve; empty when it may
 * @param managementPort of its fixed address
 */
public record PeerStatus(
    Role role,
    Status status,
    Version release,
    long epoch,
    boolean ready,
    Optional<String> forbidden,
    int managementPort) {

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
        managementPort);
  }

  static PeerStatus fromFrame(Frame frame) {
    return new PeerStatus(
        Role.valueOf(frame.text("role")),
        Status.valueOf(frame.text("status")),
        Version.parse(frame.text("release")),
        frame.number("epoch"),
        Boolean.parseBoolean(frame.text("ready")),
        frame.optional("forbidden"),
        (int) frame.number("managementPort"));
  }
}
