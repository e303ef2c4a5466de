package io.bascule.controller.link;

/**
 * Frame types of the peer link. It belongs to every release since 1.2.1 and only ever grows:
 * unknown fields are ignored, an unknown type with a {@code seq} is answered UNSUPPORTED. Nothing
 * said here decides anything: the lease and state.db do.
 */
final class PeerProtocol {
  /** The range this release speaks. */
  static final int VERSION_MIN = 1;

  static final int VERSION_MAX = 1;

  /** First frame, both ways: {@code protocolMin, protocolMax, controller, release, epoch}. */
  static final String HELLO = "HELLO";

  /** Both ways every 200 ms; see {@link PeerStatus}. */
  static final String STATUS = "STATUS";

  /**
   * From the active when it changes and at first: {@code catalog} (JSON), {@code allowed} (releases
   * that may serve, by commas; empty for any).
   */
  static final String CATALOG = "CATALOG";

  /** {@code seq, release, slot, tag}: stage that release in your slot. */
  static final String STAGE = "STAGE";

  /** {@code seq}; OK has {@code tag, release, slot, percent, done, error}, or none of them. */
  static final String STAGING = "STAGING";

  /** {@code seq, slot}. */
  static final String DROP_SLOT = "DROP_SLOT";

  /** {@code seq}; OK has {@code A} and {@code B}, each a release or empty. */
  static final String SLOTS = "SLOTS";

  static final String OK = "OK";

  /** {@code seq, reason}. */
  static final String REFUSED = "REFUSED";

  private PeerProtocol() {}
}
