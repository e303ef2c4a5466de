package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** SECURITY.md names the test of each claim: those tests are there. */
class SecurityDocumentTest {
  /** {@code Test}, {@code package.Test}, {@code Test.method}, or {@code .method} of the last. */
  private static final Pattern NAMED =
      Pattern.compile("`(?:(?:(\\w+)\\.)?([A-Z]\\w+Test))?(?:\\.(should\\w+))?`");

  @Test
  void shouldNameTestsThatExist() throws IOException {
    Path root = root();
    String text = Files.readString(root.resolve("SECURITY.md"));
    List<Path> last = List.of();
    int claims = 0;
    for (var named = NAMED.matcher(text); named.find(); ) {
      if (named.group(2) != null) {
        last = sources(root, named.group(1), named.group(2));
        assertThat(last).as(named.group()).hasSize(1);
        claims++;
      }
      if (named.group(3) != null) {
        assertThat(last).as("the test of %s", named.group()).hasSize(1);
        assertThat(Files.readString(last.getFirst()))
            .as(named.group())
            .contains(" " + named.group(3) + "(");
      }
    }
    assertThat(claims).isGreaterThan(20);
  }

  private static List<Path> sources(Path root, @Nullable String folder, String test)
      throws IOException {
    var found = new ArrayList<Path>();
    try (var modules = Files.list(root)) {
      for (Path tests :
          modules.map(m -> m.resolve("src/test/java")).filter(Files::isDirectory).toList()) {
        try (var files = Files.walk(tests)) {
          files
              .filter(file ->
                  file.endsWith(folder == null ? test + ".java" : folder + "/" + test + ".java"))
              .forEach(found::add);
        }
      }
    }
    return found;
  }

  private static Path root() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.exists(at.resolve("SECURITY.md"))) {
        return at;
      }
    }
    throw new AssertionError("SECURITY.md is not in this tree");
  }
}
