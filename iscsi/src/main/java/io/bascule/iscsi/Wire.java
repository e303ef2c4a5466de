package io.bascule.iscsi;

import java.nio.ByteBuffer;

/** What the protocol needs of the world outside: a place for PDUs, and wake-ups. */
interface Wire {
  /**
   * The output buffer, with room for at least {@code bytes} from its position on. May send what is
   * in it. Throws {@link java.io.UncheckedIOException} if the connection is gone.
   */
  ByteBuffer reserve(int bytes);

  /** Runs {@code action} soon on a thread that owns the connection. Called from any thread. */
  void post(Runnable action);

  /** Closes the connection now, from any thread: the owner cleans up. */
  void shut(String why);

  /** Called before each PDU: the owner makes progress. */
  void beat();

  /** Called before what may wait for others: until the next {@link #beat} no progress is due. */
  void beatEnds();

  /** Called before the thread goes into a volume, which may wait for a disk. */
  void volumeBegins();

  /** Called when it is back: progress. */
  void volumeEnds();

  /** The address the host came from. */
  String remoteAddress();

  /** The address the host came in by, without the port. */
  String localHost();
}
