package io.bascule.json;

import io.avaje.jsonb.Json.Import;
import io.avaje.jsonb.Jsonb;
import io.bascule.core.api.AlertView;
import io.bascule.core.api.ApplianceView;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.EventView;
import io.bascule.core.api.HistoryView;
import io.bascule.core.api.HostView;
import io.bascule.core.api.PackageView;
import io.bascule.core.api.Problem;
import io.bascule.core.api.SnapshotView;
import io.bascule.core.api.SpaceView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.api.VolumeCheckView;
import io.bascule.core.api.VolumeView;

/** Says which records have adapters, and makes what reads and writes them. */
@Import({
  AlertView.class,
  ApplianceView.class,
  ApplianceView.Controller.class,
  ApplianceView.Portals.class,
  CancelView.class,
  CancelView.Answer.class,
  CancelView.Request.class,
  EventView.class,
  HistoryView.class,
  HistoryView.Entry.class,
  HistoryView.Latency.class,
  HistoryView.Receipt.class,
  HistoryView.Report.class,
  HostView.class,
  HostView.Change.class,
  HostView.Create.class,
  PackageView.class,
  Problem.class,
  SnapshotView.class,
  SnapshotView.Clone.class,
  SnapshotView.Create.class,
  SpaceView.class,
  UpgradeView.class,
  UpgradeView.Cancel.class,
  UpgradeView.Cause.class,
  UpgradeView.Change.class,
  UpgradeView.Guard.class,
  UpgradeView.HostLatency.class,
  UpgradeView.Migration.class,
  UpgradeView.Phase.class,
  UpgradeView.Precheck.class,
  UpgradeView.Prechecks.class,
  UpgradeView.Queued.class,
  UpgradeView.Range.class,
  UpgradeView.Start.class,
  UpgradeView.Step.class,
  VolumeCheckView.class,
  VolumeCheckView.Checked.class,
  VolumeCheckView.Finding.class,
  VolumeView.class,
  VolumeView.Create.class,
  VolumeView.Resize.class
})
public final class ApiJson {
  private ApiJson() {}

  /**
   * Every field of the contract is written, what is not known as null; unknown ones are ignored.
   */
  public static Jsonb codec() {
    return Jsonb.builder().serializeNulls(true).build();
  }
}
