package io.bascule.controller.rest;

import io.bascule.controller.service.Services;
import io.bascule.core.api.ApplianceView;
import io.bascule.core.api.SpaceView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.api.VolumeView;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * GET /metrics, in Prometheus' text format: what the appliance shows, as numbers, and whatever else
 * this process counts in the default registry.
 */
final class Metrics {
  static final String MEDIA = PrometheusTextFormatWriter.CONTENT_TYPE;

  private Metrics() {}

  static byte[] text(Services services) throws IOException {
    var all = new ArrayList<MetricSnapshot>();
    PrometheusRegistry.defaultRegistry.scrape().forEach(all::add);
    appliance(all, services.appliance().view());
    upgrade(all, services.upgrade().view());
    volumes(all, services.volumes().list());
    space(all, services.space().space());
    long open =
        services.events().alerts().stream().filter(alert -> alert.clearedAt() == null).count();
    all.add(gauge("bascule_alerts_open", "Alerts whose condition is not over.").of(open));
    var out = new ByteArrayOutputStream();
    PrometheusTextFormatWriter.create().write(out, new MetricSnapshots(all));
    return out.toByteArray();
  }

  private static void appliance(List<MetricSnapshot> all, ApplianceView view) {
    all.add(
        gauge("bascule_redundant", "1 if the other controller can take over at once.")
            .of(view.redundant() ? 1 : 0));
    var health = gauge("bascule_health", "1 for the present health.");
    for (String each : List.of("OK", "DEGRADED", "CRITICAL")) {
      health.add(each.equals(view.health()) ? 1 : 0, Labels.of("health", each));
    }
    all.add(health.build());
    var online = gauge("bascule_controller_online", "1 if the controller is ONLINE.");
    var active = gauge("bascule_controller_active", "1 for the controller that serves hosts.");
    var release = gauge("bascule_controller_release", "1, with the release that it runs.");
    for (ApplianceView.Controller controller : view.controllers()) {
      String id = Integer.toString(controller.id());
      online.add("ONLINE".equals(controller.status()) ? 1 : 0, Labels.of("controller", id));
      active.add("ACTIVE".equals(controller.role()) ? 1 : 0, Labels.of("controller", id));
      String version = controller.version();
      if (version != null) {
        release.add(1, Labels.of("controller", id, "version", version));
      }
    }
    all.add(online.build());
    all.add(active.build());
    all.add(release.build());
  }

  private static void upgrade(List<MetricSnapshot> all, UpgradeView view) {
    var state = gauge("bascule_upgrade_state", "1 for the present state of the upgrade.");
    for (String each :
        List.of("IDLE", "RUNNING", "PAUSED", "CANCELING", "COMPLETED", "CANCELED", "FAILED")) {
      state.add(each.equals(view.state()) ? 1 : 0, Labels.of("state", each));
    }
    all.add(state.build());
    all.add(
        gauge("bascule_upgrade_ratio", "How much of the upgrade's plan is done.")
            .of(view.percent() / 100.0));
    Integer phase = view.phase();
    all.add(
        gauge("bascule_upgrade_phase", "The migration's phase, 0 outside of it.")
            .of(phase == null ? 0 : phase));
    UpgradeView.HostLatency latency = view.hostLatency();
    if (latency != null) {
      all.add(
          gauge("bascule_host_latency_p99_seconds", "What hosts feel now and before the upgrade.")
              .addMicros(latency.currentP99Micros(), Labels.of("when", "now"))
              .addMicros(latency.baselineP99Micros(), Labels.of("when", "baseline"))
              .build());
    }
  }

  private static void volumes(List<MetricSnapshot> all, List<VolumeView> volumes) {
    var size = gauge("bascule_volume_size_bytes", "What hosts see.");
    var allocated = gauge("bascule_volume_allocated_bytes", "What the volume takes.");
    for (VolumeView volume : volumes) {
      size.add(volume.sizeBytes(), Labels.of("volume", volume.name()));
      allocated.add(volume.allocatedBytes(), Labels.of("volume", volume.name()));
    }
    all.add(size.build());
    all.add(allocated.build());
  }

  private static void space(List<MetricSnapshot> all, SpaceView space) {
    all.add(
        gauge("bascule_allocated_bytes", "What volumes and snapshots hold, before compression.")
            .of(space.allocatedBytes()));
    all.add(gauge("bascule_used_bytes", "What that takes.").of(space.usedBytes()));
    all.add(
        gauge("bascule_reclaimable_bytes", "What of it holds nothing any more.")
            .of(space.reclaimableBytes()));
    all.add(
        gauge("bascule_free_bytes", "What the enclosure may still take.").of(space.freeBytes()));
  }

  private static Gauge gauge(String name, String help) {
    return new Gauge(GaugeSnapshot.builder().name(name).help(help));
  }

  /** A gauge being put together. */
  private record Gauge(GaugeSnapshot.Builder builder) {
    Gauge add(double value, Labels labels) {
      builder.dataPoint(
          GaugeSnapshot.GaugeDataPointSnapshot.builder().value(value).labels(labels).build());
      return this;
    }

    Gauge addMicros(@Nullable Long micros, Labels labels) {
      return micros == null ? this : add(micros / 1e6, labels);
    }

    GaugeSnapshot of(double value) {
      return add(value, Labels.EMPTY).build();
    }

    GaugeSnapshot build() {
      return builder.build();
    }
  }
}
