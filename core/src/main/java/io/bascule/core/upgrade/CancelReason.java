package io.bascule.core.upgrade;

/**
 * Why somebody cancels: the three reasons of the upgrade guide, and any other. Persisted and shown.
 */
public enum CancelReason {
  NOT_INTERESTED,
  TAKING_TOO_LONG,
  SLOWING_HOST_IO,
  OTHER
}
