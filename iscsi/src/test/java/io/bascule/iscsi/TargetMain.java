package io.bascule.iscsi;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A target to try by hand: arguments are port, file, size in MiB, seconds to live. */
final class TargetMain {
  private TargetMain() {}

  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    try (FileVolume volume = new FileVolume(Path.of(args[1]), Long.parseLong(args[2]) << 20);
        IscsiTarget target = new IscsiTarget(new TargetSettings("iqn.2026-11.io.bascule:try"))) {
      InetSocketAddress address = new InetSocketAddress("127.0.0.1", port);
      PortalSpec spec = new PortalSpec(address, 3, true);
      PortalSpec fixed = new PortalSpec(new InetSocketAddress("127.0.0.1", port + 1), 1, false);
      target.keepReservations(new KeptReservations());
      target.update(
          new TargetView(
              List.of(new Lun(0, "try", volume.uuid(), volume.sizeBytes(), Optional.of(volume))),
              List.of(new Host("any", Host.ANY, Optional.empty(), Optional.empty())),
              Map.of(1, AccessState.ACTIVE_OPTIMIZED, 3, AccessState.ACTIVE_OPTIMIZED),
              List.of(spec, fixed)));
      target.open(spec);
      target.open(fixed);
      System.out.println("ready");
      Thread.sleep(Long.parseLong(args[3]) * 1000);
      System.out.println(target.stats());
    }
  }
}
