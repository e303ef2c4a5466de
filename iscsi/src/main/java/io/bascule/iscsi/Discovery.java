package io.bascule.iscsi;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Map;

/** Text requests of the full feature phase: SendTargets (RFC 7143, appendix C). */
final class Discovery {
  private Discovery() {}

  static byte[] answer(Session session, Map<String, String> request, String localHost) {
    StringBuilder text = new StringBuilder();
    request.forEach((key, value) -> {
      if (!key.equals("SendTargets")) {
        text.append(key).append("=NotUnderstood\0");
      } else if (asksForUs(session, value)) {
        targets(session, localHost, text);
      }
    });
    return text.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }

  private static boolean asksForUs(Session session, String value) {
    String iqn = session.core().settings.iqn();
    return session.discovery()
        ? value.equals("All") || value.equals(iqn)
        : value.isEmpty() || value.equals(iqn);
  }

  /** The floating portal lists itself; a fixed one lists those of both controllers. */
  private static void targets(Session session, String localHost, StringBuilder text) {
    Model model = session.core().model;
    if (model.host(session.nexusName().initiatorName()) == null) {
      return;
    }
    text.append("TargetName=").append(session.core().settings.iqn()).append('\0');
    for (PortalSpec portal : model.portals) {
      boolean same = portal.groupTag() == session.portal().groupTag();
      if (session.portal().floating() ? same : !portal.floating()) {
        text.append("TargetAddress=")
            .append(host(portal, localHost))
            .append(':')
            .append(portal.address().getPort())
            .append(',')
            .append(portal.groupTag())
            .append('\0');
      }
    }
  }

  private static String host(PortalSpec portal, String localHost) {
    InetAddress address = portal.address().getAddress();
    if (address == null) {
      return portal.address().getHostString();
    }
    return address.isAnyLocalAddress() ? localHost : literal(address);
  }

  static String literal(InetAddress address) {
    String host = address.getHostAddress();
    if (!(address instanceof Inet6Address)) {
      return host;
    }
    int scope = host.indexOf('%');
    return "[" + (scope < 0 ? host : host.substring(0, scope)) + "]";
  }
}
