package io.bascule.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.avaje.jsonb.Jsonb;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(60)
class HostloadCommandTest {
  private record Run(int exit, String out, String err) {}

  private static Run run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exit =
        new CommandLine(new HostloadCommand())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(arguments);
    return new Run(exit, out.toString(), err.toString());
  }

  @Test
  void shouldRunVerifyAndNoticeDamage(@TempDir Path folder) throws Exception {
    try (Tgt tgt = Tgt.start(13130, folder, 32 << 20)) {
      String journal = folder.resolve("j").toString();
      Run first =
          run(
              tgt.url(),
              "--duration",
              "700ms",
              "--range",
              "8M",
              "--depth",
              "4",
              "--journal",
              journal,
              "--no-overwrite",
              "--trims",
              "0");
      assertThat(first.err()).isEmpty();
      assertThat(first.out()).contains("OK: nothing was lost").contains("longest pause");
      assertThat(first.exit()).isZero();

      Run windows =
          run(
              tgt.url(),
              "--duration",
              "600ms",
              "--window",
              "250ms",
              "--offset",
              "16M",
              "--range",
              "8M",
              "--json");
      assertThat(windows.exit()).isZero();
      assertThat(windows.out())
          .containsSubsequence("\"windows\"", "\"0\"", "\"250\"", "\"500\"", "\"p99Micros\"");

      Run again = run("--verify-only", "--journal", journal, "--json");
      assertThat(again.exit()).isZero();
      Map<String, Object> report = Jsonb.instance().type(Object.class).map().fromJson(again.out());
      assertThat(report)
          .containsEntry("ok", true)
          .containsKeys(
              "volumes",
              "seed",
              "startedAt",
              "seconds",
              "ios",
              "iops",
              "latency",
              "longestPause",
              "pauses",
              "windows",
              "reconnects",
              "errors",
              "writesAcknowledged",
              "blocksVerified",
              "lost",
              "stale",
              "torn",
              "misdirected",
              "corrupt",
              "resurrected",
              "faults");

      try (var disk = new java.io.RandomAccessFile(tgt.disk().toFile(), "rw")) {
        disk.write(new byte[512]);
      }
      Run damaged = run("--verify-only", "--journal", journal);
      assertThat(damaged.out()).contains("TORN block 0 of " + tgt.url()).contains("NOT OK");
      assertThat(damaged.exit()).isEqualTo(1);

      assertThat(run(tgt.url(), "--journal", journal).exit()).isEqualTo(2);
      assertThat(Files.size(Path.of(journal))).isPositive();
    }
  }

  /** Nobody knows what such a read may find: zeros were taken for a lost write. */
  @Test
  void shouldNeverReadWhatItIsJustWriting(@TempDir Path folder) throws Exception {
    try (Tgt tgt = Tgt.start(13134, folder, 32 << 20)) {
      for (int seed = 1; seed <= 3; seed++) {
        Run run =
            run(
                tgt.url(),
                "--duration",
                "500ms",
                "--range",
                "32M",
                "--max-io",
                "64K",
                "--depth",
                "16",
                "--reads",
                "60",
                "--seed",
                Integer.toString(seed),
                "--no-overwrite",
                "--trims",
                "0");
        assertThat(run.out()).contains("OK: nothing was lost");
      }
    }
  }

  @Test
  void shouldTellUsageFromAnAbsentTarget() {
    assertThat(run().exit()).isEqualTo(2);
    assertThat(run("http://x").err()).contains("iscsi://[user[%secret]@]host[:port]/iqn/lun");
    assertThat(run("iscsi://127.0.0.1:13199/iqn.x/0", "--reads", "200").exit()).isEqualTo(2);
    Run many = run("iscsi://127.0.0.1:13199/iqn.x/0", "--duration", "64s", "--window", "1s");
    assertThat(many.exit()).isEqualTo(2);
    assertThat(many.err()).contains("a --window of more than 1000 ms: a report has 64");
    Run absent = run("iscsi://127.0.0.1:13199/iqn.x/0");
    assertThat(absent.exit()).isEqualTo(4);
    assertThat(absent.err()).contains("127.0.0.1:13199").contains("refused");
  }
}
