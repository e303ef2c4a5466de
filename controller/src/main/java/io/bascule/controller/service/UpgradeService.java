package io.bascule.controller.service;

import io.bascule.core.api.CancelView;
import io.bascule.core.api.HistoryView;
import io.bascule.core.api.UpgradeView;
import java.util.List;

/** The upgrade and its cancel, by the contract in docs/operations.md. */
public interface UpgradeService {
  /** The running upgrade, or the last one, or IDLE. */
  UpgradeView view();

  /** Checks everything and touches nothing. */
  UpgradeView.Prechecks dryRun(UpgradeView.Start start);

  /** Records the plan and begins. */
  UpgradeView start(UpgradeView.Start start, String by);

  UpgradeView change(UpgradeView.Change change, String by);

  CancelView preview();

  CancelView.Answer cancel(CancelView.Request request, String by);

  /** Takes back a queued cancel. */
  UpgradeView withdraw(String by);

  List<HistoryView> history();

  HistoryView.Report report(String id);

  /** Changes whenever {@link #view} has something new to show. */
  long changeCount();

  /** Returns when {@link #changeCount} is above {@code seen}, or after {@code timeoutMillis}. */
  void awaitChange(long seen, long timeoutMillis) throws InterruptedException;

  /** Throws UPGRADE_RUNNING, naming {@code operation}, while an upgrade is not at its end. */
  void refuseWhileRunning(String operation);
}
