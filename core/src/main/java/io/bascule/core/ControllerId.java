package io.bascule.core;

/** One of the appliance's two controllers. */
public enum ControllerId {
  CONTROLLER_0(0),
  CONTROLLER_1(1);

  private final int number;

  ControllerId(int number) {
    this.number = number;
  }

  /**
   * The controller of that number.
   *
   * @throws IllegalArgumentException unless {@code number} is 0 or 1
   */
  public static ControllerId of(int number) {
    return switch (number) {
      case 0 -> CONTROLLER_0;
      case 1 -> CONTROLLER_1;
      default ->
          throw new IllegalArgumentException("no controller " + number + " (there are 0 and 1)");
    };
  }

  /** 0 or 1, as persisted and shown. */
  public int number() {
    return number;
  }

  /** The peer. */
  public ControllerId other() {
    return this == CONTROLLER_0 ? CONTROLLER_1 : CONTROLLER_0;
  }

  @Override
  public String toString() {
    return "controller " + number;
  }
}
