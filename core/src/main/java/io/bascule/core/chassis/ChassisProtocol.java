package io.bascule.core.chassis;

/**
 * Frame types and field names between the chassis (the server, on a Unix socket) and its clients.
 *
 * <p>A client's first frame is {@link #HELLO}. A connection of kind {@code controller} then
 * receives {@link #PING}s and answers each with {@link #PONG} as long as its I/O threads make
 * progress. Either kind may send the requests below; each carries {@code seq}, and the chassis
 * answers {@link #OK} or {@link #REFUSED} with the same {@code seq}. Requests are goals: asking
 * twice is as good as once.
 */
public final class ChassisProtocol {
  /** The version of this protocol; a client with a higher one still gets an answer. */
  public static final int VERSION = 1;

  /**
   * {@code protocol, kind (controller | client), controller (of kind controller), pid, release}.
   */
  public static final String HELLO = "HELLO";

  /** {@code seq}. */
  public static final String PING = "PING";

  /**
   * {@code seq, role, status (ONLINE | RECOVERING), release}: the controller's own words about
   * itself. {@code role} is {@code ACTIVE} or {@code STANDBY}.
   */
  public static final String PONG = "PONG";

  /**
   * Answered by OK with {@code state.0} and {@code state.1}, each a {@link ControllerBoot#encode}.
   */
  public static final String STATE = "STATE";

  /**
   * {@code controller, slot, fallback (a slot, or empty for none), tag}: the slot of the next
   * boots. Counts from zero. With a fallback, the chassis goes back to that slot by itself after
   * {@code 3} failed attempts, and remembers the failure under {@code tag}. Does not boot.
   */
  public static final String SET_SLOT = "SET_SLOT";

  /**
   * {@code controller, reason}: cut the power of the controller, if it has any, and boot its slot.
   */
  public static final String BOOT = "BOOT";

  /** {@code controller}: the slot it runs is good; no boot falls back from here. */
  public static final String SETTLE = "SETTLE";

  /** {@code controller}: cut its power and leave it off. */
  public static final String POWER_OFF = "POWER_OFF";

  /** {@code controller, slot (optional: boot that one)}. Clears FAILED. */
  public static final String POWER_ON = "POWER_ON";

  /** Stop both controllers and end the chassis; answered before the end. */
  public static final String DOWN = "DOWN";

  /** The request is carried out (or its goal already held). */
  public static final String OK = "OK";

  /** {@code reason}. */
  public static final String REFUSED = "REFUSED";

  private ChassisProtocol() {}
}
