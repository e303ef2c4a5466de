package io.bascule.controller.catalog;

import io.avaje.jsonb.Json;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What hosts are shown: also sent to the standby, whose fixed portal shows the same. Secrets are in
 * it; it is never logged.
 */
@Json
public record Catalog(List<VolumeEntry> volumes, List<HostEntry> hosts) {
  private static final JsonType<Catalog> JSON =
      Jsonb.builder().failOnUnknown(false).build().type(Catalog.class);

  public Catalog {
    volumes = List.copyOf(volumes);
    hosts = List.copyOf(hosts);
  }

  /** Nothing at all. */
  public static Catalog empty() {
    return new Catalog(List.of(), List.of());
  }

  /** One volume that hosts may see. */
  @Json
  public record VolumeEntry(UUID uuid, String name, int lun, long sizeBytes, String serial) {}

  /**
   * One host.
   *
   * @param volumes names, or the single entry {@code *}
   */
  @Json
  public record HostEntry(
      String name,
      String iqn,
      @Nullable String chapUser,
      @Nullable String chapSecret,
      List<String> volumes) {
    public HostEntry {
      volumes = List.copyOf(volumes);
    }

    boolean mayUse(String volume) {
      return volumes.contains("*") || volumes.contains(volume);
    }

    @Override
    public String toString() {
      return "HostEntry[" + name + ", " + iqn + ", " + volumes + "]";
    }
  }

  /** Those of the initiators that may see the volume: an exact name goes before any. */
  public List<String> seenBy(String volume, Collection<String> initiators) {
    return initiators.stream()
        .distinct()
        .sorted()
        .filter(initiator -> host(initiator).filter(host -> host.mayUse(volume)).isPresent())
        .toList();
  }

  private Optional<HostEntry> host(String initiator) {
    return hosts.stream()
        .filter(host -> host.iqn().equals(initiator))
        .findFirst()
        .or(() -> hosts.stream().filter(host -> host.iqn().equals("*")).findFirst());
  }

  public String toJson() {
    return JSON.toJson(this);
  }

  /** Reads what {@link #toJson} wrote, in this or another release. */
  public static Catalog fromJson(String json) {
    return JSON.fromJson(json);
  }
}
