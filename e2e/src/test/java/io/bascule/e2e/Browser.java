package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Debian's Chromium, which tells the stories of {@code browser/*.mjs} on an appliance's console.
 */
final class Browser {
  private static final Path STORIES = Path.of("browser").toAbsolutePath();
  private static final Pattern LINK = Pattern.compile("http://\\S+/sign-in\\?code=\\S+");

  private Browser() {}

  /** Makes sure that the stories find what they need; at once after the first time. */
  static synchronized void install() {
    if (!Files.isDirectory(STORIES.resolve("node_modules/playwright-core"))) {
      Commands.run(300, "npm", "--prefix", STORIES.toString(), "ci", "--no-audit", "--no-fund")
          .ok();
    }
  }

  /** A link that signs a browser in, once. */
  static String signInLink(Appliance appliance) {
    var up = appliance.bascule("up", "--detach").ok();
    var link = LINK.matcher(up.out());
    assertThat(link.find()).as("a sign-in link in %s", up.out()).isTrue();
    return link.group();
  }

  /** Tells the story to its end. */
  static void tell(String story, String link) throws IOException {
    Path shots = Files.createDirectories(Path.of("target", "screenshots").toAbsolutePath());
    var told = Commands.run(240, "node", STORIES.resolve(story).toString(), link, shots.toString());
    assertThat(told.exit()).as("%s", told).isZero();
  }
}
