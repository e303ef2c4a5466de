package io.bascule.core;

import io.bascule.core.api.CancelView;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.UpgradeView;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Something asked for is not done, for a reason that the asker is told. Nothing has changed. Not an
 * error of ours: it is not logged as one.
 */
public final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final transient @Nullable CancelView cancel;
  private final transient UpgradeView.@Nullable Prechecks prechecks;

  /** {@code detail}: why, and what to do, in a sentence or two. */
  public Refusal(ErrorCode code, String detail) {
    this(code, detail, null, null);
  }

  public Refusal(
      ErrorCode code,
      String detail,
      @Nullable CancelView cancel,
      UpgradeView.@Nullable Prechecks prechecks) {
    super(detail, null, false, false);
    this.code = code;
    this.cancel = cancel;
    this.prechecks = prechecks;
  }

  public ErrorCode code() {
    return code;
  }

  /** The cancel preview as it is now, with refusals of a cancel. */
  public Optional<CancelView> cancel() {
    return Optional.ofNullable(cancel);
  }

  /** The prechecks that were made, with a refused start. */
  public Optional<UpgradeView.Prechecks> prechecks() {
    return Optional.ofNullable(prechecks);
  }
}
