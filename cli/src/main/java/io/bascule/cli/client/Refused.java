package io.bascule.cli.client;

import io.bascule.core.api.CancelView;
import io.bascule.core.api.Problem;
import io.bascule.core.api.UpgradeView;
import java.util.Optional;

/** The appliance answered with problem details. */
public final class Refused extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Problem problem;
  private final String body;

  Refused(Problem problem, String body) {
    super(problem.detail() + " [" + problem.code() + "]");
    this.problem = problem;
    this.body = body;
  }

  /** The stable code. */
  public String code() {
    return problem.code();
  }

  public String detail() {
    return problem.detail();
  }

  /** Something broke there, rather than being refused. */
  public boolean isFailure() {
    return problem.status() == 500;
  }

  /** The cancel preview as it is now. */
  public Optional<CancelView> cancel() {
    return Optional.ofNullable(problem.cancel());
  }

  public Optional<UpgradeView.Prechecks> prechecks() {
    return Optional.ofNullable(problem.prechecks());
  }

  /** The server's JSON, unchanged. */
  public String body() {
    return body;
  }
}
