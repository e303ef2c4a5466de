package io.bascule.cli.demo;

import io.bascule.cli.chassis.ChassisClient;
import io.bascule.cli.client.Access;
import io.bascule.cli.client.ApplianceClient;
import io.bascule.cli.client.NotReachable;
import io.bascule.core.ControllerId;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.ToIntBiFunction;
import java.util.regex.Pattern;

/**
 * The appliance of the demonstration: created in a temporary folder, and gone without a trace after
 * {@link #remove}, whatever happened before. Every process of it carries the folder's unique name
 * in its command line: by that it is found, and nothing else is ever touched.
 */
final class DemoAppliance {
  private static final Duration END = Duration.ofSeconds(10);

  private static final Pattern LINK = Pattern.compile("https?://[^\\s\u001b]+code=[\\w-]+");

  private final Path folder;
  private final int firstPort;
  private final ToIntBiFunction<String[], PrintWriter> bascule;
  private String welcome = "";

  private DemoAppliance(
      Path folder, int firstPort, ToIntBiFunction<String[], PrintWriter> bascule) {
    this.folder = folder;
    this.firstPort = firstPort;
    this.bascule = bascule;
  }

  /**
   * In a new folder, not running yet.
   *
   * @param bascule runs a command line of ours, with its output to the writer
   */
  static DemoAppliance create(int portsFrom, ToIntBiFunction<String[], PrintWriter> bascule)
      throws StoryBroke {
    try {
      var folder = Files.createTempDirectory("bascule-demo-").toRealPath();
      return new DemoAppliance(folder, FreePorts.first(portsFrom), bascule);
    } catch (IOException e) {
      throw new StoryBroke("no temporary folder: " + e.getMessage(), e);
    }
  }

  Path data() {
    return folder.resolve("appliance");
  }

  int iscsiPort() {
    return firstPort;
  }

  /** The link to the console that `up` printed; it signs in once. */
  Optional<String> signInLink() {
    var link = LINK.matcher(welcome);
    return link.find() ? Optional.of(link.group()) : Optional.empty();
  }

  /**
   * Starts it, as a user would.
   *
   * @param line is told every line that `up` says
   */
  void up(String release, Consumer<String> line) throws StoryBroke {
    var said = new LineWriter(line);
    int exit =
        bascule.applyAsInt(
            new String[] {
              "up",
              "--detach",
              "--data",
              data().toString(),
              "--release",
              release,
              "--iscsi-port",
              Integer.toString(firstPort),
              "--management-port",
              Integer.toString(firstPort + 3)
            },
            new PrintWriter(said, true));
    welcome = said.toString().strip();
    if (exit != 0) {
      throw new StoryBroke("`bascule up` ended with " + exit + ": " + welcome);
    }
  }

  ApplianceClient client() throws NotReachable {
    return new ApplianceClient(Access.find(null, null, data()));
  }

  /** Kills the controller's process, as a crash would. */
  void kill(ControllerId id) throws StoryBroke {
    try (var chassis = ChassisClient.connect(Layout.of(data()))) {
      var boot = chassis.state().get(id);
      long pid = boot == null ? 0 : boot.pid();
      var process = ProcessHandle.of(pid);
      if (pid <= 0 || process.isEmpty() || !process.get().destroyForcibly()) {
        throw new StoryBroke(id + " has no process to kill");
      }
    } catch (IOException e) {
      throw new StoryBroke("the chassis does not answer: " + e.getMessage(), e);
    }
  }

  /** The last lines of every log: what somebody needs who looks into a failure. */
  List<String> lastWords(int linesEach) {
    var words = new ArrayList<String>();
    for (Path log : logs()) {
      words.add("--- " + folder.relativize(log));
      try (var lines = Files.lines(log)) {
        var all = lines.toList();
        words.addAll(all.subList(Math.max(0, all.size() - linesEach), all.size()));
      } catch (IOException | UncheckedIOException e) {
        words.add("(cannot be read: " + e.getMessage() + ")");
      }
    }
    return words;
  }

  private List<Path> logs() {
    if (!Files.isDirectory(data())) {
      return List.of();
    }
    try (var files = Files.walk(data())) {
      return files
          .filter(file -> file.toString().endsWith(".log"))
          .filter(file -> file.toString().contains("/log/"))
          .sorted()
          .toList();
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }

  /**
   * Ends every process of it and removes the folder.
   *
   * @return what could not be removed, empty if nothing is left
   */
  List<String> remove() {
    if (Files.exists(data())) {
      // Whatever it answers: what still runs is ended below.
      var _ =
          bascule.applyAsInt(
              new String[] {"down", "--data", data().toString()},
              new PrintWriter(new StringWriter()));
    }
    long deadline = System.nanoTime() + END.toNanos();
    for (var process : processes()) {
      process.destroyForcibly();
      while (process.isAlive() && System.nanoTime() - deadline < 0) {
        Thread.onSpinWait();
      }
    }
    var left = new ArrayList<String>();
    removeSockets(left);
    removeFolder(left);
    return left;
  }

  private List<ProcessHandle> processes() {
    var self = ProcessHandle.current();
    return ProcessHandle.allProcesses()
        .filter(process -> !process.equals(self))
        .filter(process -> process.info().commandLine().orElse("").contains(folder.toString()))
        .toList();
  }

  private void removeSockets(List<String> left) {
    if (!Files.isDirectory(data())) {
      return;
    }
    try {
      delete(Layout.of(data()).sockets());
    } catch (IOException e) {
      left.add(e.getMessage());
    }
  }

  private void removeFolder(List<String> left) {
    try {
      delete(folder);
    } catch (IOException e) {
      left.add(e.getMessage());
    }
  }

  private static void delete(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    try (var files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Keeps what is written, and passes on every line that is complete. */
  private static final class LineWriter extends StringWriter {
    private final Consumer<String> line;
    private int passedOn;

    LineWriter(Consumer<String> line) {
      this.line = line;
    }

    @Override
    public void flush() {
      var text = getBuffer();
      for (int end = text.indexOf("\n", passedOn); end >= 0; end = text.indexOf("\n", passedOn)) {
        line.accept(text.substring(passedOn, end));
        passedOn = end + 1;
      }
    }
  }
}
