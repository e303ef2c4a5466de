package io.bascule.host;

import io.avaje.jsonb.Jsonb;
import io.bascule.host.initiator.Credentials;
import io.bascule.host.initiator.InitiatorOptions;
import io.bascule.host.initiator.TargetUrl;
import io.bascule.host.load.Fault;
import io.bascule.host.load.Load;
import io.bascule.host.load.LoadOptions;
import io.bascule.host.load.LoadReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code bascule hostload}: the verifying load from a terminal. Exit codes: 0 nothing was lost and
 * no I/O failed, 1 otherwise, 2 usage, 4 a target was not reachable at the start.
 */
@Command(
    name = "hostload",
    description = "Our own verifying iSCSI host: IOPS, latency, longest pause, writes checked.",
    sortOptions = false,
    footer = {
      "",
      "WRITES TO THE VOLUMES GIVEN. Every block written names its volume,",
      "address, writer and sequence. Reads are compared as they come, and",
      "everything is read back at the end.",
      "Exit code: 0 nothing lost and no I/O error, 1 otherwise, 2 usage,",
      "4 target not reachable at the start.",
      "",
      "Example: bascule hostload iscsi://127.0.0.1/iqn.2026-11.io.bascule:bascule/0 --duration 30s"
    })
public final class HostloadCommand implements Callable<Integer> {
  private static final int EXIT_BAD = 1;
  private static final int EXIT_UNREACHABLE = 4;
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneId.systemDefault());

  @Spec private @Nullable CommandSpec spec;

  @Parameters(
      arity = "0..*",
      paramLabel = "URL",
      description = "Volumes: iscsi://[user[%%secret]@]host[:port]/iqn/lun")
  private List<String> urls = new ArrayList<>();

  @Option(
      names = "--duration",
      paramLabel = "TIME",
      defaultValue = "30s",
      description = "How long: 500ms, 30s, 5m, 2h (default: ${DEFAULT-VALUE}).")
  private String duration = "30s";

  @Option(
      names = "--window",
      paramLabel = "TIME",
      description =
          "Latency and longest pause of each TIME, too, in the JSON report; at most 64 of them.")
  private @Nullable String window;

  @Option(
      names = "--depth",
      paramLabel = "N",
      defaultValue = "16",
      description = "Commands outstanding per session (default: ${DEFAULT-VALUE}).")
  private int depth;

  @Option(
      names = "--workers",
      paramLabel = "N",
      defaultValue = "1",
      description = "Sessions per volume (default: ${DEFAULT-VALUE}).")
  private int workers;

  @Option(
      names = "--rate",
      paramLabel = "N",
      defaultValue = "0",
      description = "At most so many I/Os per second; 0: no cap (default: ${DEFAULT-VALUE}).")
  private long rate;

  @Option(
      names = "--range",
      paramLabel = "SIZE",
      defaultValue = "1G",
      description = "Length of the range used in each volume (default: ${DEFAULT-VALUE}).")
  private String range = "1G";

  @Option(
      names = "--offset",
      paramLabel = "SIZE",
      defaultValue = "0",
      description = "Where the range begins (default: ${DEFAULT-VALUE}).")
  private String offset = "0";

  @Option(
      names = "--max-io",
      paramLabel = "SIZE",
      defaultValue = "256K",
      description = "Longest I/O; the shortest is 4K (default: ${DEFAULT-VALUE}).")
  private String maxIo = "256K";

  @Option(
      names = "--reads",
      paramLabel = "PERCENT",
      defaultValue = "30",
      description = "Share of reads (default: ${DEFAULT-VALUE}).")
  private int reads;

  @Option(
      names = "--trims",
      paramLabel = "PERCENT",
      defaultValue = "3",
      description = "Share of TRIMs, where they read zeros (default: ${DEFAULT-VALUE}).")
  private int trims;

  @Option(
      names = "--fua",
      paramLabel = "PERCENT",
      defaultValue = "5",
      description = "Share of writes with FUA (default: ${DEFAULT-VALUE}).")
  private int fua;

  @Option(
      names = "--flush-every",
      paramLabel = "N",
      defaultValue = "200",
      description = "SYNCHRONIZE CACHE after so many writes; 0: never (default: ${DEFAULT-VALUE}).")
  private int flushEvery;

  @Option(names = "--no-overwrite", description = "Write every block once only.")
  private boolean noOverwrite;

  @Option(names = "--seed", paramLabel = "N", description = "Of everything random.")
  private @Nullable Long seed;

  @Option(
      names = "--journal",
      paramLabel = "FILE",
      description = "Keep what was acknowledged in FILE, for a later --verify-only.")
  private @Nullable Path journal;

  @Option(
      names = "--verify-only",
      description = "Write nothing: compare the volumes with --journal FILE.")
  private boolean verifyOnly;

  @Option(names = "--no-verify", description = "Don't read everything back at the end.")
  private boolean noVerify;

  @Option(
      names = "--recovery",
      paramLabel = "TIME",
      defaultValue = "60s",
      description = "An I/O unanswered for so long has failed (default: ${DEFAULT-VALUE}).")
  private String recovery = "60s";

  @Option(
      names = "--initiator-name",
      paramLabel = "IQN",
      defaultValue = InitiatorOptions.DEFAULT_NAME,
      description = "Default: ${DEFAULT-VALUE}.")
  private String initiatorName = InitiatorOptions.DEFAULT_NAME;

  @Option(
      names = "--chap-secret-file",
      paramLabel = "FILE",
      description = "The CHAP secret of URLs that name a user without one.")
  private @Nullable Path secretFile;

  @Option(names = "--digests", description = "CRC32C over headers and data.")
  private boolean digests;

  @Option(names = "--json", description = "Print the report as JSON (docs/hostload.md).")
  private boolean json;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  @Override
  public Integer call() throws InterruptedException {
    LoadOptions options = options();
    long windowMillis = windowMillis(options);
    PrintWriter out = spec().commandLine().getOut();
    PrintWriter err = spec().commandLine().getErr();
    Load load;
    try {
      load = Load.start(options);
    } catch (IOException e) {
      err.println("hostload: " + e.getMessage());
      return EXIT_UNREACHABLE;
    }
    try (load) {
      Thread hook = stopOnSignal(load);
      Progress progress = new Progress(json ? err : out, !json);
      if (windowMillis > 0) {
        Thread.ofVirtual().name("host-windows").start(() -> markWindows(load, windowMillis));
      }
      if (!options.verifyOnly()) {
        progress.follow(load, options.duration());
      }
      progress.say(options.verifyAtEnd() ? "reading everything back ..." : "stopping ...");
      LoadReport report = load.stop();
      progress.end();
      removeHook(hook);
      if (json) {
        out.println(Jsonb.instance().type(LoadReport.class).toJsonPretty(report));
      } else {
        print(report, out);
      }
      out.flush();
      return report.ok() ? 0 : EXIT_BAD;
    }
  }

  private CommandSpec spec() {
    if (spec == null) {
      throw new IllegalStateException("not made by picocli");
    }
    return spec;
  }

  /** How long each window is; 0 if none are wanted. */
  private long windowMillis(LoadOptions options) {
    if (window == null) {
      return 0;
    }
    try {
      long millis = Quantities.millis(window);
      long most = options.duration().toMillis() / Load.WINDOWS_MAX;
      if (millis <= most) {
        throw new IllegalArgumentException(
            "a --window of more than " + most + " ms: a report has " + Load.WINDOWS_MAX);
      }
      return millis;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec().commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  /** Windows are named by when they begin, in milliseconds of the run. */
  private static void markWindows(Load load, long windowMillis) {
    try {
      for (int n = 0; n < Load.WINDOWS_MAX; n++) {
        load.mark(Long.toString(n * windowMillis));
        if (!load.await(windowMillis)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ctrl-C ends the load in order, so that nothing stays outstanding and the journal is whole. */
  private static Thread stopOnSignal(Load load) {
    Thread hook = new Thread(() -> load.stop(false), "host-stop");
    Runtime.getRuntime().addShutdownHook(hook);
    return hook;
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending already: the hook has run or runs, and finds the load stopped.
      System.getLogger(HostloadCommand.class.getName()).log(System.Logger.Level.DEBUG, "ending", e);
    }
  }

  private LoadOptions options() {
    try {
      if (urls.isEmpty() && !verifyOnly) {
        throw new IllegalArgumentException("name at least one volume");
      }
      InitiatorOptions initiator =
          InitiatorOptions.defaults()
              .withName(initiatorName)
              .withDigests(digests)
              .withRecoveryMillis(Quantities.millis(recovery));
      List<TargetUrl> volumes = new ArrayList<>();
      for (String url : urls) {
        volumes.add(withSecret(TargetUrl.parse(url)));
      }
      if (journal != null && !verifyOnly && Files.exists(journal)) {
        throw new IllegalArgumentException(
            journal + " exists: remove it, or compare with it by --verify-only");
      }
      if (journal != null && verifyOnly && !Files.isReadable(journal)) {
        throw new IllegalArgumentException("can't read " + journal);
      }
      LoadOptions.Builder options =
          LoadOptions.of(volumes.isEmpty() ? List.of(PLACEHOLDER) : volumes).with();
      if (seed != null) {
        options.seed(seed);
      }
      return options
          .initiator(initiator)
          .duration(Duration.ofMillis(Quantities.millis(duration)))
          .depth(depth)
          .workersPerVolume(workers)
          .maxIosPerSecond(rate)
          .rangeBytes(Quantities.bytes(range))
          .offsetBytes(Quantities.bytes(offset))
          .maxIoBytes(Math.toIntExact(Quantities.bytes(maxIo)))
          .readPercent(reads)
          .trimPercent(trims)
          .fuaPercent(fua)
          .flushEvery(flushEvery)
          .overwrites(!noOverwrite)
          .verifyAtEnd(!noVerify)
          .journal(journal)
          .verifyOnly(verifyOnly)
          .build();
    } catch (IllegalArgumentException | ArithmeticException | IOException e) {
      throw new ParameterException(spec().commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  /** With {@code --verify-only} the volumes may come from the journal alone; this names none. */
  private static final TargetUrl PLACEHOLDER = new TargetUrl("none", 1, "none", 0, null);

  private TargetUrl withSecret(TargetUrl url) throws IOException {
    Credentials credentials = url.credentials();
    if (secretFile == null || credentials == null || !credentials.secret().isEmpty()) {
      return url;
    }
    String secret = Files.readString(secretFile).strip();
    return url.withCredentials(Credentials.oneWay(credentials.user(), secret));
  }

  private static void print(LoadReport report, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%,d I/Os in %.1f s (%,.0f/s): %,d reads, %,d writes, %,d TRIMs, %,d flushes%n",
        report.ios(),
        report.seconds(),
        report.iops(),
        report.reads(),
        report.writes(),
        report.trims(),
        report.flushes());
    print("read ", report.readLatency(), out);
    print("write", report.writeLatency(), out);
    LoadReport.Pause longest = report.longestPause();
    if (longest != null) {
      out.printf(
          Locale.ROOT,
          "longest pause %.1f ms at %s; %d of 100 ms or more; this host stalled up to %.1f ms%n",
          longest.millis(),
          CLOCK.format(longest.startedAt()),
          report.pausesTotal(),
          report.longestHostStallMillis());
    }
    for (LoadReport.Pause pause :
        report.pauses().subList(0, Math.min(10, report.pauses().size()))) {
      out.printf(
          Locale.ROOT,
          "  %s  %8.1f ms  %s%n",
          CLOCK.format(pause.startedAt()),
          pause.millis(),
          pause.volume());
    }
    out.printf(
        Locale.ROOT,
        "reconnects %d, commands issued again %d, unit attentions %d, I/O errors %d%n",
        report.reconnects(),
        report.reissued() + report.retried(),
        report.unitAttentions(),
        report.errors());
    report.errorMessages().forEach(message -> out.println("  " + message));
    out.printf(
        Locale.ROOT,
        "writes acknowledged %,d, blocks verified %,d%n",
        report.writesAcknowledged(),
        report.blocksVerified());
    out.printf(
        Locale.ROOT,
        "blocks lost %d, stale %d, torn %d, misdirected %d, corrupt %d, resurrected %d, missing %d%n",
        report.lost(),
        report.stale(),
        report.torn(),
        report.misdirected(),
        report.corrupt(),
        report.resurrected(),
        report.shortReads());
    for (Fault fault : report.faults().subList(0, Math.min(20, report.faults().size()))) {
      out.println(
          "  "
              + fault.kind()
              + " block "
              + fault.lba()
              + " of "
              + fault.volume()
              + ": "
              + fault.detail());
    }
    out.println(report.ok() ? "OK: nothing was lost" : "NOT OK");
  }

  private static void print(String what, LoadReport.Latency latency, PrintWriter out) {
    if (latency.count() > 0) {
      out.printf(
          Locale.ROOT,
          "%s ms: p50 %.2f  p99 %.2f  p99.9 %.2f  max %.2f%n",
          what,
          latency.p50Micros() / 1e3,
          latency.p99Micros() / 1e3,
          latency.p999Micros() / 1e3,
          latency.maxMicros() / 1e3);
    }
  }

  /** For a start without the {@code bascule} command. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new HostloadCommand()).execute(args));
  }
}
