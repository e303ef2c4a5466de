package io.bascule.cli.local;

import io.bascule.platform.ApplianceSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/** The six ports of an appliance. */
final class Ports {
  private Ports() {}

  private record Port(int number, String use, String option) {}

  /** Why the appliance could not listen on them, a line each; empty if it could. */
  static List<String> problems(ApplianceSettings settings) {
    InetAddress address;
    try {
      address = InetAddress.getByName(settings.address());
    } catch (UnknownHostException e) {
      return List.of("'" + settings.address() + "' is no address of this machine");
    }
    var ports = new ArrayList<Port>();
    for (int i = 0; i < 3; i++) {
      String which = i == 0 ? "floating" : "of controller " + (i - 1);
      ports.add(new Port(settings.iscsiPort() + i, "iSCSI, " + which, "--iscsi-port"));
      ports.add(
          new Port(settings.managementPort() + i, "management, " + which, "--management-port"));
    }
    var problems = new ArrayList<String>();
    for (var port : ports) {
      long same = ports.stream().filter(p -> p.number() == port.number()).count();
      if (same > 1) {
        problems.add("port " + port.number() + " would be used twice");
        continue;
      }
      try (var socket = new ServerSocket()) {
        // As the controllers do: connections that are just closing are no hindrance.
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(address, port.number()));
      } catch (IOException e) {
        problems.add(
            "port %d on %s (%s) is not free: %s; choose another with %s"
                .formatted(
                    port.number(), settings.address(), port.use(), e.getMessage(), port.option()));
      }
    }
    return problems.stream().distinct().toList();
  }
}
