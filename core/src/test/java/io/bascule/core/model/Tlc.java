package io.bascule.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** The model checker TLC, run over {@code docs/model} in a process of its own. */
final class Tlc {
  /** A run takes seconds on an idle machine; this only ends one that hangs. */
  private static final long BOUND_SECONDS = 600;

  private static final Pattern VIOLATED =
      Pattern.compile(
          "(?:Invariant|Action property|Temporal properties) ?(\\w*) (?:is|were) violated");

  private static final Pattern STATES =
      Pattern.compile("([\\d,]+) states generated, ([\\d,]+) distinct states found");

  private Tlc() {}

  /**
   * What TLC said.
   *
   * @param violated the invariant or property that does not hold; "" if none is named
   */
  record Answer(boolean holds, String violated, long distinctStates, String output) {}

  /** The folder of the model, wherever in the tree this test runs. */
  static Path folder() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path folder = at.resolve("docs/model");
      if (Files.exists(folder.resolve("Bascule.tla"))) {
        return folder;
      }
    }
    throw new AssertionError("docs/model/Bascule.tla is not in this tree");
  }

  /** Checks the specification against a configuration; everything else is written to scratch. */
  static Answer check(String configuration, Path scratch) throws IOException, InterruptedException {
    Files.copy(folder().resolve("Bascule.tla"), scratch.resolve("Bascule.tla"));
    Files.writeString(scratch.resolve("run.cfg"), configuration);
    Path output = scratch.resolve("output");
    var process =
        new ProcessBuilder(command(scratch))
            .directory(scratch.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(BOUND_SECONDS, TimeUnit.SECONDS)).as("TLC ends").isTrue();
    } finally {
      process.destroyForcibly();
    }
    String text = Files.readString(output);
    boolean holds =
        process.exitValue() == 0
            && text.contains("Model checking completed. No error has been found.");
    var violated = VIOLATED.matcher(text);
    return new Answer(holds, violated.find() ? violated.group(1) : "", distinctStates(text), text);
  }

  private static List<String> command(Path scratch) {
    var jar = tlc2.TLC.class.getProtectionDomain().getCodeSource().getLocation().getPath();
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx512m",
        "-XX:+UseSerialGC",
        "-Djava.io.tmpdir=" + scratch,
        "-cp",
        jar,
        "tlc2.TLC",
        "-workers",
        "1",
        "-deadlock", // an upgrade that has ended is no deadlock
        "-nowarning",
        "-metadir",
        scratch.resolve("states").toString(),
        "-config",
        "run.cfg",
        "Bascule.tla");
  }

  private static long distinctStates(String text) {
    long last = 0;
    for (var found = STATES.matcher(text); found.find(); ) {
      last = Long.parseLong(found.group(2).replace(",", ""));
    }
    return last;
  }
}
