package io.bascule.core;

/** One of a controller's two boot slots. */
public enum Slot {
  A,
  B;

  /** The other slot of the same controller. */
  public Slot other() {
    return this == A ? B : A;
  }

  /** The folder name inside {@code controllers/N/slots/}. */
  public String folder() {
    return this == A ? "a" : "b";
  }
}
