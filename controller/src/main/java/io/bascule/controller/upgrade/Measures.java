package io.bascule.controller.upgrade;

import io.bascule.core.api.HistoryView;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What was measured around an upgrade. p99 in microseconds of hosts' I/O.
 *
 * @param writesBefore writes acknowledged during the upgrade by processes before the present one
 * @param receipt what the appliance vouched for at the end
 */
record Measures(
    Optional<Long> beforeP99,
    Optional<Long> duringP99,
    Optional<Long> afterP99,
    long writesBefore,
    Optional<HistoryView.Receipt> receipt) {

  static final Measures NONE =
      new Measures(Optional.empty(), Optional.empty(), Optional.empty(), 0, Optional.empty());

  /** With the p99 of a moment of the upgrade: the worst one counts. */
  Measures during(Optional<Long> p99) {
    var worst = p99.isEmpty() ? duringP99 : Optional.of(Math.max(p99.get(), duringP99.orElse(0L)));
    return new Measures(beforeP99, worst, afterP99, writesBefore, receipt);
  }

  Measures after(Optional<Long> p99) {
    return new Measures(beforeP99, duringP99, p99, writesBefore, receipt);
  }

  Measures writes(long acknowledged) {
    return new Measures(beforeP99, duringP99, afterP99, acknowledged, receipt);
  }

  Measures with(HistoryView.Receipt ended) {
    return new Measures(beforeP99, duringP99, afterP99, writesBefore, Optional.of(ended));
  }

  Map<String, Object> encode() {
    var all = new LinkedHashMap<String, Object>();
    beforeP99.ifPresent(p99 -> all.put("beforeP99Micros", p99));
    duringP99.ifPresent(p99 -> all.put("duringP99Micros", p99));
    afterP99.ifPresent(p99 -> all.put("afterP99Micros", p99));
    all.put("writesAcknowledged", writesBefore);
    receipt.ifPresent(r -> {
      var one = new LinkedHashMap<String, Object>();
      one.put("volumesVerified", r.volumesVerified());
      one.put("writesAcknowledged", r.writesAcknowledged());
      one.put("redundant", r.redundant());
      one.put("versions", r.versions());
      one.put("slots", r.slots());
      all.put("receipt", one);
    });
    return all;
  }

  static Measures decode(RecordCodec.Fields all) {
    return new Measures(
        all.optionalNumber("beforeP99Micros"),
        all.optionalNumber("duringP99Micros"),
        all.optionalNumber("afterP99Micros"),
        all.number("writesAcknowledged"),
        all.optionalObject("receipt")
            .map(r ->
                new HistoryView.Receipt(
                    (int) r.number("volumesVerified"),
                    r.number("writesAcknowledged"),
                    r.flag("redundant"),
                    texts(r.object("versions")),
                    texts(r.object("slots")))));
  }

  private static Map<String, String> texts(RecordCodec.Fields fields) {
    var all = new LinkedHashMap<String, String>();
    fields.values().forEach((name, value) -> all.put(name, String.valueOf(value)));
    return all;
  }
}
