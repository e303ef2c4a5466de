package io.bascule.cli.client;

import io.bascule.platform.Layout;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where an appliance is and what opens it.
 *
 * @param url of the floating management port
 * @param layout of its data directory, when it is on this machine
 */
public record Access(URI url, String token, Optional<Layout> layout) {

  /** {@code access.json}, written by `up`. */
  public record AccessFile(String url, String token) {
    /** The token never reaches a log. */
    @Override
    public String toString() {
      return "AccessFile[" + url + "]";
    }
  }

  /** The token never reaches a log. */
  @Override
  public String toString() {
    return "Access[" + url + "]";
  }

  /**
   * From {@code --url} and {@code --token}, or from the data directory.
   *
   * @throws NotReachable if there is no appliance, or its access may not be read
   */
  public static Access find(@Nullable String url, @Nullable String token, Path data)
      throws NotReachable {
    if (url != null) {
      return new Access(parse(url), token == null ? "" : token, Optional.empty());
    }
    var layout = Layout.of(data);
    if (!Files.exists(layout.access())) {
      throw new NotReachable(
          "there is no appliance in "
              + data
              + "; `bascule up` creates one, --data or BASCULE_DATA names another place");
    }
    try {
      var file = Json.read(AccessFile.class, Files.readString(layout.access()));
      return new Access(
          parse(file.url()), token == null ? file.token() : token, Optional.of(layout));
    } catch (IOException | Json.Unreadable e) {
      throw new NotReachable(layout.access() + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** The floating port, then the fixed ones of controller 0 and 1. */
  List<URI> endpoints() {
    return List.of(url, at(url.getPort() + 1), at(url.getPort() + 2));
  }

  private URI at(int port) {
    return URI.create(url.getScheme() + "://" + host(url) + ":" + port);
  }

  private static String host(URI url) {
    return url.getHost();
  }

  private static URI parse(String text) throws NotReachable {
    try {
      var url = new URI(text);
      String scheme = url.getScheme();
      if (url.getHost() == null || scheme == null || !scheme.matches("https?")) {
        throw new NotReachable("'" + text + "' is not an address like http://127.0.0.1:8443");
      }
      return new URI(
          scheme, null, url.getHost(), url.getPort() < 0 ? 8443 : url.getPort(), null, null, null);
    } catch (URISyntaxException e) {
      throw new NotReachable("'" + text + "' is not an address like http://127.0.0.1:8443", e);
    }
  }
}
