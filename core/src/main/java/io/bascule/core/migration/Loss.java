package io.bascule.core.migration;

/** Why format 2 was given up. {@code code} is stable. */
public record Loss(String code, String detail) {
  public static final String FAILED = "FORMAT_2_FAILED";
  public static final String FULL = "FORMAT_2_FULL";
  public static final String DAMAGED = "FORMAT_2_DAMAGED";
  public static final String STALLED = "FORMAT_2_STALLED";
  public static final String BUG = "FORMAT_2_BROKEN_INVARIANT";
  public static final String UNSTABLE = "FORMAT_2_TAKEOVERS";
}
