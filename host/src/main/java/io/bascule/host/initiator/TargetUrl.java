package io.bascule.host.initiator;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a logical unit is: {@code iscsi://[user[%secret]@]host[:port]/iqn/lun}. An IPv6 address
 * stands in brackets. The text form leaves the secret out.
 */
public record TargetUrl(
    String host, int port, String target, int lun, @Nullable Credentials credentials) {
  /** The form, for messages. */
  public static final String USAGE = "iscsi://[user[" + '%' + "secret]@]host[:port]/iqn/lun";

  public static final int DEFAULT_PORT = 3260;

  private static final Pattern FORM =
      Pattern.compile(
          "iscsi://(?:(?<user>[^%@/]+)(?:%(?<secret>[^@]*))?@)?"
              + "(?<host>\\[[^\\]]+\\]|[^:/@]+)(?::(?<port>\\d{1,5}))?/(?<iqn>[^/]+)/(?<lun>\\d{1,5})/?");

  /** Throws {@link IllegalArgumentException} with the form expected. */
  public static TargetUrl parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new IllegalArgumentException("not of the form " + USAGE);
    }
    String host = form.group("host");
    String port = form.group("port");
    String user = form.group("user");
    String secret = form.group("secret");
    int number = port == null ? DEFAULT_PORT : Integer.parseInt(port);
    int lun = Integer.parseInt(form.group("lun"));
    if (number < 1 || number > 65535) {
      throw new IllegalArgumentException("no such port: " + number);
    }
    if (lun > 16383) {
      throw new IllegalArgumentException("no such LUN: " + lun);
    }
    return new TargetUrl(
        host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
        number,
        form.group("iqn"),
        lun,
        user == null ? null : Credentials.oneWay(user, secret == null ? "" : secret));
  }

  public TargetUrl withPort(int newPort) {
    return new TargetUrl(host, newPort, target, lun, credentials);
  }

  public TargetUrl withCredentials(@Nullable Credentials newCredentials) {
    return new TargetUrl(host, port, target, lun, newCredentials);
  }

  /** {@code host:port}. */
  public String portal() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  @Override
  public String toString() {
    return "iscsi://"
        + (credentials == null ? "" : credentials.user() + "@")
        + portal()
        + "/"
        + target
        + "/"
        + lun;
  }
}
