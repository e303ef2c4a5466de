package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.host.initiator.BlockDevice;
import io.bascule.host.initiator.InitiatorOptions;
import io.bascule.host.initiator.Session;
import io.bascule.host.initiator.TargetUrl;
import io.bascule.platform.Layout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Snapshots of format 2, on an appliance that began with it, under a host that writes. */
class SnapshotTest {
  private static final int MIB = 1 << 20;
  private static final int BLOCK_BYTES = 4096;
  private static final int SECTORS = BLOCK_BYTES / 512;

  @BeforeAll
  static void install() {
    Browser.install();
  }

  @Test
  void shouldTakeCloneRollBackAndDeleteUnderAHost() throws Exception {
    Future<?> story;
    long first;
    try (var appliance = Appliance.create("snapshot", "--release", "2.0.1")) {
      appliance.volume("db", "16M");
      appliance.anyHost();
      try (var host = new Sequence(appliance.url("db"))) {
        long before = host.awaitAcknowledged(300);
        appliance.bascule("snapshot", "create", "db", "first").ok();
        long between = host.awaitAcknowledged(before + 100);
        appliance.api().post("/volumes/db/snapshots", "{\"name\":\"second\"}").ok();
        host.awaitAcknowledged(between + 100);
        assertThat(host.device.reportLuns()).as("no LUN is a snapshot").containsExactly(0);

        appliance.bascule("snapshot", "clone", "db", "first", "copy").ok();
        first = lastOf(contentOf(appliance, "copy"));
        assertThat(first).isGreaterThanOrEqualTo(before).isLessThanOrEqualTo(between);

        appliance.kill(appliance.awaitActive());
        appliance.eventually(
            "taken over", () -> names(appliance).equals(List.of("first", "second")));
        host.awaitAcknowledged(between + 200);
        assertThat(lastOf(contentOf(appliance, "copy"))).isEqualTo(first);
        assertThat(lastOf(clone(appliance, "second"))).isGreaterThanOrEqualTo(between);

        refused(appliance, "IN_USE", "snapshot", "rollback", "db", "first", "--yes");
        refused(appliance, "IN_USE", "volume", "delete", "db", "--yes");
        refused(appliance, "ALREADY_EXISTS", "snapshot", "create", "db", "first");
        story = inTheConsole(appliance);
        assertThat(host.acknowledged()).isGreaterThan(between);
      }
      story.get(4, TimeUnit.MINUTES);
      appliance.api().send("DELETE", "/volumes/db-copy", null, "").ok();
      assertThat(contentOf(appliance, "db"))
          .as("rolled back in the console")
          .isEqualTo(clone(appliance, "second"));
      appliance.eventually(
          "rolled back once nobody looks at it",
          () -> appliance.bascule("snapshot", "rollback", "db", "first", "--yes").exit() == 0);
      assertThat(lastOf(contentOf(appliance, "db"))).isEqualTo(first);
      appliance.bascule("snapshot", "delete", "db", "first", "--yes").ok();
      var space = appliance.get("/space");
      assertThat(space.number("format")).isEqualTo(2);
      assertThat(space.number("allocatedBytes")).isPositive();
      assertThat(names(appliance)).containsExactly("second");
      appliance.awaitRedundant("2.0.1");
      refuseToRollBackWithAHostAtTheStandby(appliance);
      giveSpaceBackAndBeChecked(appliance);
    }
  }

  /** It cannot read there, but may remember what it read when that one was the active. */
  private static void refuseToRollBackWithAHostAtTheStandby(Appliance appliance)
      throws IOException {
    int standby = appliance.awaitActive().other().number();
    var floating = ":" + appliance.iscsiPort + "/";
    var fixed = ":" + (appliance.iscsiPort + 1 + standby) + "/";
    var url = TargetUrl.parse(appliance.url("db").replace(floating, fixed));
    try (var session = Session.connect(url, InitiatorOptions.defaults())) {
      appliance.eventually(
          "the active hears of it",
          () -> appliance.bascule("snapshot", "rollback", "db", "second", "--yes").exit() == 3);
      refused(appliance, "IN_USE", "snapshot", "rollback", "db", "second", "--yes");
    }
    appliance.eventually(
        "rolled back once it is gone",
        () -> appliance.bascule("snapshot", "rollback", "db", "second", "--yes").exit() == 0);
  }

  /** The same in the console; returns when the story waits for the host to go, or has ended. */
  private static Future<?> inTheConsole(Appliance appliance) {
    String link = Browser.signInLink(appliance);
    var story =
        new FutureTask<Void>(() -> {
          Browser.tell("snapshots.mjs", link);
          return null;
        });
    Thread.ofPlatform().name("console").daemon().start(story);
    appliance.eventually(
        "cloned in the console",
        () -> story.isDone() || appliance.get("/volumes/db-copy").status() == 200);
    return story;
  }

  private static byte[] clone(Appliance appliance, String snapshot) throws IOException {
    appliance
        .api()
        .post("/volumes/db/snapshots/" + snapshot + "/clone", "{\"volume\":\"once\"}")
        .ok();
    byte[] content = contentOf(appliance, "once");
    appliance.api().send("DELETE", "/volumes/once", null, "").ok();
    return content;
  }

  private static byte[] contentOf(Appliance appliance, String volume) throws IOException {
    try (var device = BlockDevice.open(appliance.url(volume))) {
      return device.read(0, Sequence.BLOCKS * SECTORS);
    }
  }

  private static List<String> names(Appliance appliance) {
    var all = (List<?>) appliance.get("/volumes/db/snapshots").body();
    return all.stream().map(one -> String.valueOf(((Map<?, ?>) one).get("name"))).toList();
  }

  private static void refused(Appliance appliance, String code, String... command) {
    var result = appliance.bascule(command);
    assertThat(result.exit()).as("%s", result).isEqualTo(3);
    assertThat(result.err()).contains("[" + code + "]");
  }

  /** Space that only a snapshot held; then what a check finds while nobody serves. */
  private static void giveSpaceBackAndBeChecked(Appliance appliance) throws IOException {
    appliance.volume("big", "160M");
    byte[] unique = random(1, BLOCK_BYTES);
    try (var device = BlockDevice.open(appliance.url("big"))) {
      for (int i = 0; i < 160; i++) {
        device.write((long) i * MIB / 512, random(i + 2L, MIB));
      }
      appliance.bascule("snapshot", "create", "big", "all").ok();
      device.unmap(0, 160 * MIB / 512);
      device.write(0, unique, true);
    }
    assertThat(poolBytes(appliance)).isGreaterThan(160L * MIB);
    appliance.bascule("snapshot", "delete", "big", "all", "--yes").ok();
    appliance.bascule("down").ok();

    var good = appliance.bascule("volume", "check", "--json");
    assertThat(good.exit()).as("%s", good).isZero();
    var told = new Api.Answer(200, good.out());
    assertThat(told.at("live")).isEqualTo(false);
    assertThat(told.number("volumes.0.format")).isEqualTo(2);

    try (var damage = new Damage(appliance, unique)) {
      var bad = appliance.bascule("volume", "check");
      assertThat(bad.exit()).as("%s", bad).isEqualTo(1);
      assertThat(bad.out())
          .containsPattern(
              "big: " + damage.file.getFileName() + " at \\d+: block 0 .*checksum.*BLOCK_DAMAGED")
          .contains("POOL_DAMAGED");
      appliance.up();
      hearOfDamage(appliance);
    }
    appliance.eventually("space is given back", () -> poolBytes(appliance) < 120L * MIB);
    try (var device = BlockDevice.open(appliance.url("big"))) {
      assertThat(device.read(0, SECTORS)).isEqualTo(unique);
    }
  }

  /** A host meets it; from then on the administrator is told, and of which volume. */
  private static void hearOfDamage(Appliance appliance) throws IOException {
    try (var device = BlockDevice.open(appliance.url("big"))) {
      assertThatThrownBy(() -> device.read(0, SECTORS)).hasMessageContaining("03/11/00");
    }
    appliance.eventually(
        "an alert", () -> appliance.bascule("status").out().contains("Volume big has blocks"));
    assertThat(appliance.get("/appliance").text("health")).isEqualTo("CRITICAL");
    var check = appliance.bascule("volume", "check", "big");
    assertThat(check.exit()).isEqualTo(1);
    assertThat(check.out()).containsPattern("big .*DAMAGED").contains("[BLOCK_DAMAGED]");
  }

  private static byte[] random(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static long poolBytes(Appliance appliance) {
    long bytes = 0;
    try {
      for (Path segment : segments(appliance)) {
        bytes += Files.size(segment);
      }
    } catch (IOException e) {
      return Long.MAX_VALUE; // one was removed meanwhile: the next look counts
    }
    return bytes;
  }

  private static List<Path> segments(Appliance appliance) throws IOException {
    try (var files = Files.list(Layout.of(appliance.data).volumesV2())) {
      return files.filter(file -> file.getFileName().toString().endsWith(".segment")).toList();
    }
  }

  /** A bit of a block flips where it lies, and back. */
  private static final class Damage implements AutoCloseable {
    final Path file;
    private final long offset;

    Damage(Appliance appliance, byte[] block) throws IOException {
      for (Path segment : segments(appliance)) {
        long found = find(segment, block);
        if (found >= 0) {
          file = segment;
          offset = found;
          flip();
          return;
        }
      }
      throw new AssertionError("the block is in no segment as it is");
    }

    private static long find(Path segment, byte[] block) throws IOException {
      byte[] all = Files.readAllBytes(segment);
      for (int at = 0; at + block.length <= all.length; at++) {
        if (all[at] == block[0]
            && Arrays.equals(all, at, at + block.length, block, 0, block.length)) {
          return at;
        }
      }
      return -1;
    }

    private void flip() throws IOException {
      try (var channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        var one = ByteBuffer.allocate(1);
        channel.read(one, offset + 100);
        channel.write(ByteBuffer.wrap(new byte[] {(byte) (one.get(0) ^ 4)}), offset + 100);
      }
    }

    @Override
    public void close() throws IOException {
      flip();
    }
  }

  /** A host whose write n goes to block n mod BLOCKS, one after the other: any moment is known. */
  private static final class Sequence implements AutoCloseable {
    static final int BLOCKS = 64;

    final BlockDevice device;
    private final Thread thread;
    private volatile long acknowledged;
    private volatile boolean stopping;
    private volatile String failure = "";

    Sequence(String url) throws IOException {
      device = BlockDevice.open(url);
      thread = Thread.ofPlatform().name("sequence").daemon().start(this::run);
    }

    private void run() {
      try {
        for (long n = 1; !stopping; n++) {
          byte[] block = new byte[BLOCK_BYTES];
          var longs = ByteBuffer.wrap(block);
          while (longs.hasRemaining()) {
            longs.putLong(n);
          }
          device.write(n % BLOCKS * SECTORS, block);
          acknowledged = n;
        }
      } catch (IOException e) {
        failure = e.toString();
      }
    }

    long acknowledged() {
      assertThat(failure).isEmpty();
      return acknowledged;
    }

    long awaitAcknowledged(long count) {
      org.awaitility.Awaitility.await("writes")
          .atMost(java.time.Duration.ofSeconds(60))
          .until(() -> acknowledged() >= count);
      return acknowledged();
    }

    @Override
    public void close() throws IOException {
      stopping = true;
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      device.close();
      assertThat(failure).isEmpty();
    }
  }

  /** The number of the last write in that content, which holds exactly all up to it. */
  private static long lastOf(byte[] content) {
    var longs = ByteBuffer.wrap(content).asLongBuffer();
    int each = BLOCK_BYTES / Long.BYTES;
    var found = new ArrayList<Long>();
    for (int block = 0; block < Sequence.BLOCKS; block++) {
      long n = longs.get(block * each);
      for (int i = 1; i < each; i++) {
        assertThat(longs.get(block * each + i)).as("block %d is torn", block).isEqualTo(n);
      }
      found.add(n);
    }
    long last = found.stream().mapToLong(Long::longValue).max().orElseThrow();
    for (int block = 0; block < Sequence.BLOCKS; block++) {
      assertThat(found.get(block))
          .as("block %d of a moment after write %d", block, last)
          .isEqualTo(last - Math.floorMod(last - block, (long) Sequence.BLOCKS));
    }
    return last;
  }

  @Test
  void shouldBeRefusedByFormatOne() throws IOException {
    try (var appliance = Appliance.create("no-snapshot", "--release", "1.2.2")) {
      appliance.volume("db", "8M");
      refused(appliance, "NEEDS_FORMAT_2", "snapshot", "create", "db", "a");
      refused(appliance, "NEEDS_FORMAT_2", "snapshot", "list");
      var answer = appliance.api().post("/volumes/db/snapshots/a/rollback", "{}");
      assertThat(answer.status()).isEqualTo(409);
      assertThat(answer.text("code")).isEqualTo("NEEDS_FORMAT_2");
      assertThat(answer.text("detail")).contains("Upgrade to 2.0.1");
    }
  }
}
