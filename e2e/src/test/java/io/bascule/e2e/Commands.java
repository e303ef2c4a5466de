package io.bascule.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs real commands, bounded in time. */
final class Commands {
  /** The repository's root, where releases are built. */
  static final Path HOME =
      Path.of(System.getProperty("bascule.home", "..")).toAbsolutePath().normalize();

  /** Half of what the product waits until a boot counts as a good one: upgrades are many here. */
  private static final int STABLE_MILLIS = 5_000;

  private Commands() {}

  /** What a command printed, and its exit code. */
  record Result(List<String> command, int exit, String out, String err) {
    /** This, if the command succeeded. */
    Result ok() {
      if (exit != 0) {
        throw new AssertionError(this.toString());
      }
      return this;
    }

    @Override
    public String toString() {
      return String.join(" ", command.subList(Math.max(0, command.size() - 12), command.size()))
          + " -> exit "
          + exit
          + "\n"
          + out
          + err;
    }
  }

  /** Runs the command to its end, at most {@code seconds}. */
  static Result run(int seconds, List<String> command) {
    return run(seconds, Map.of(), command);
  }

  /** The same with more in its environment. */
  static Result run(int seconds, Map<String, String> environment, List<String> command) {
    try {
      // Where the command keeps its class archive; without the folder it fails as it ends.
      Files.createDirectories(HOME.resolve("target"));
      Path out = Files.createTempFile("bascule-e2e", ".out");
      Path err = Files.createTempFile("bascule-e2e", ".err");
      try {
        var builder =
            new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().putAll(environment);
        var process = builder.start();
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
          process.destroyForcibly().waitFor();
          throw new AssertionError(
              command
                  + " took more than "
                  + seconds
                  + " s\n"
                  + Files.readString(out)
                  + Files.readString(err));
        }
        return new Result(
            command, process.exitValue(), Files.readString(out), Files.readString(err));
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException e) {
      throw new AssertionError(
          "cannot run " + command + ": is the tool installed? ./check names it", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  static Result run(int seconds, String... command) {
    return run(seconds, List.of(command));
  }

  /** The command line that runs the built bascule command, as ./bascule does. */
  static List<String> bascule(String... arguments) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-XX:+UseSerialGC");
    command.add("-Xlog:disable");
    command.add("-XX:SharedArchiveFile=" + HOME.resolve("target/cli.jsa"));
    command.add("-XX:+AutoCreateSharedArchive");
    command.add("-Dbascule.home=" + HOME);
    if (!Boolean.getBoolean("bascule.check.all")) {
      command.add("-Dbascule.boot.stable.millis=" + STABLE_MILLIS);
    }
    command.add("-jar");
    command.add(jar().toString());
    command.addAll(List.of(arguments));
    return command;
  }

  private static Path jar() {
    Path app = HOME.resolve("cli/target/app");
    try (var jars = Files.newDirectoryStream(app, "bascule-cli-*.jar")) {
      return jars.iterator().next();
    } catch (IOException | java.util.NoSuchElementException e) {
      throw new AssertionError("the command is not built: mvn -DskipTests package", e);
    }
  }

  /** The built package of a release. */
  static Path release(String version) {
    return HOME.resolve("releases/" + version + "/target/bascule-" + version + ".pkg");
  }
}
