package io.bascule.store.v2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bascule.core.Check;
import io.bascule.core.volume.StoreException;
import io.bascule.core.volume.Volume;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Disks that lose a bit, a file, or the will to sync: found, and never wrong data. */
@ExtendWith(Quiet.class)
class DamageTest {
  private static final int MIB = 1 << 20;
  private static final int SIZE = 6 * MIB;
  private static final UUID ID = new UUID(1, 1);
  private static final UUID SNAPSHOT = new UUID(1, 2);
  private static final PoolSettings SETTINGS =
      PoolSettings.DEFAULT.withSegmentBytes(MIB).withBackground(false);

  private final DiskDouble disk = new DiskDouble();
  private final byte[] content = new byte[SIZE];
  private byte[] snapshot = new byte[0];

  /** A killed pool with every kind of structure: sealed and open segments, old and new batches. */
  @BeforeEach
  void fill() {
    var pool = VolumePool.create(disk, SETTINGS, 1);
    pool.create(ID, SIZE);
    var volume = pool.open(ID);
    var random = new Random(5);
    for (int i = 0; i < 60; i++) {
      write(volume, random, 1 + random.nextInt(40));
    }
    pool.snapshot(ID, SNAPSHOT);
    snapshot = content.clone();
    pool.checkpoint();
    for (int i = 0; i < 60; i++) {
      write(volume, random, 1 + random.nextInt(20));
    }
    volume.trim(MIB, 100 * 4096);
    Arrays.fill(content, MIB, MIB + 100 * 4096, (byte) 0);
    pool.flush();
    for (int i = 0; i < 3; i++) {
      write(volume, random, 1); // batches that say what was on stable storage
    }
    pool.flush();
    // The very last batch nobody vouches for: if it is bad it is a torn tail. It changes nothing.
    volume.write(0, ByteBuffer.wrap(content, 0, 4096), false);
    pool.abandon();
  }

  private void write(Volume volume, Random random, int blocks) {
    byte[] data = new byte[blocks * 4096];
    random.nextBytes(data);
    if (random.nextBoolean()) {
      for (int i = 0; i < data.length; i++) {
        data[i] &= i % 16 < 8 ? 0 : 3;
      }
    }
    int at = random.nextInt((SIZE - data.length) / 4096) * 4096;
    volume.write(at, ByteBuffer.wrap(data), false);
    System.arraycopy(data, 0, content, at, data.length);
  }

  /** Blocks that cannot be read; fails if one reads wrong. */
  private int unreadable(VolumePool pool, UUID id, byte[] expected) {
    int bad = 0;
    try (var volume = pool.open(id)) {
      for (int at = 0; at < SIZE; at += 4096) {
        var block = ByteBuffer.allocate(4096);
        try {
          volume.read(at, block);
        } catch (StoreException.Corrupt e) {
          bad++;
          continue;
        }
        if (!Arrays.equals(block.array(), 0, 4096, expected, at, at + 4096)) {
          throw new AssertionError("block at " + at + " is wrong");
        }
      }
    }
    return bad;
  }

  /** How many blocks cannot be read with that damage; -1 if the pool refuses to open. */
  private int damage(DiskDouble damaged) {
    VolumePool pool;
    try {
      pool = VolumePool.open(damaged, SETTINGS, 2);
    } catch (StoreException.Corrupt e) {
      return -1;
    }
    try {
      return unreadable(pool, ID, content) + unreadable(pool, SNAPSHOT, snapshot);
    } finally {
      pool.abandon();
    }
  }

  /** Whichever block of a longer read it is: the read ends, and says so. */
  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldTellOfDamageAnywhereInALongerRead() {
    for (boolean compress : new boolean[] {false, true}) {
      for (int bad = 0; bad < 16; bad++) {
        var here = new DiskDouble();
        var pool = VolumePool.create(here, SETTINGS.withCompress(compress), 1);
        pool.create(ID, SIZE);
        var data = new byte[16 * 4096];
        new Random(bad).nextBytes(data);
        if (compress) {
          for (int i = 0; i < data.length; i++) {
            data[i] = i % 4096 < 1024 ? data[i] : 0;
          }
        }
        var volume = pool.open(ID);
        volume.write(0, ByteBuffer.wrap(data), false);
        flipWhereItLies(here, data, bad * 4096);
        var found = ByteBuffer.allocate(data.length);
        assertThatThrownBy(() -> volume.read(0, found))
            .as("block %d, compressed %s", bad, compress)
            .isInstanceOf(StoreException.Corrupt.class);
        assertThat(volume.tryRead(0, found.clear())).isEqualTo(Volume.WOULD_BLOCK);
        assertThatThrownBy(() -> volume.read(512, found.clear().limit(data.length - 1024)))
            .isInstanceOf(StoreException.Corrupt.class);
        pool.abandon();
      }
    }
  }

  /** Flips a bit of the stored copy of what begins at {@code from}. */
  private static void flipWhereItLies(DiskDouble disk, byte[] data, int from) {
    String name = segmentOf(disk);
    byte[] bytes = disk.bytes(name);
    for (int at = 0; at + 16 <= bytes.length; at++) {
      if (Arrays.equals(bytes, at, at + 16, data, from, from + 16)) {
        disk.flip(name, at + 3, 2);
        return;
      }
    }
    throw new AssertionError("it lies nowhere");
  }

  /**
   * The last batch before a loss of power, of which no other says that it was flushed. Where a
   * sector of it is as it was before, it never was; else a bit flipped in what may well have been
   * promised.
   */
  @Test
  void shouldKnowATornBatchFromADamagedOne() {
    byte[] data = new byte[8 * 4096];
    new Random(9).nextBytes(data);
    var here = new DiskDouble();
    var pool = VolumePool.create(here, SETTINGS.withKernelBoot(new UUID(7, 7)), 1);
    pool.create(ID, SIZE);
    try (var volume = pool.open(ID)) {
      volume.write(0, ByteBuffer.wrap(data), true);
    }
    pool.abandon();
    String name = segmentOf(here);
    int end = here.length(name);
    while (here.bytes(name)[end - 1] == 0) {
      end--;
    }
    var damaged = here.copy();
    damaged.flip(name, end - 1, 0);
    var torn = here.copy();
    try (var file = torn.open(name)) {
      int sector = (end - 1) / 512 * 512;
      file.write(sector, ByteBuffer.allocate(512));
    }

    var flipped = here.copy();
    flipWhereItLies(flipped, data, 5 * 4096 + 1000);

    var found = ByteBuffer.allocate(data.length);
    assertThat(openAgain(damaged, volume -> volume.read(0, found)))
        .singleElement()
        .asString()
        .contains("its table is damaged");
    assertThat(found.array()).isEqualTo(data);

    assertThat(openAgain(torn, volume -> volume.read(0, found.clear()))).isEmpty();
    assertThat(found.array()).isEqualTo(new byte[data.length]);

    assertThat(
            openAgain(
                flipped,
                volume ->
                    assertThatThrownBy(() -> volume.read(0, found.clear()))
                        .isInstanceOf(StoreException.Corrupt.class)))
        .singleElement()
        .asString()
        .contains("data damaged");
  }

  /** Opens the pool after a loss of power; returns what it has found. */
  private static List<String> openAgain(DiskDouble disk, Consumer<Volume> work) {
    var pool = VolumePool.open(disk, SETTINGS.withKernelBoot(new UUID(8, 8)), 2);
    try (var volume = pool.open(ID)) {
      work.accept(volume);
    }
    var findings = pool.findings();
    pool.abandon();
    return findings;
  }

  private static String segmentOf(DiskDouble disk) {
    return disk.list().stream().filter(n -> n.endsWith(".segment")).findFirst().orElseThrow();
  }

  /**
   * Every batch was in the kernel before the next began: as long as the machine runs, one that is
   * bad is damaged, whether it was flushed or not, and those behind it count.
   */
  @Test
  void shouldLoseNoBatchBehindADamagedOneWhileTheMachineRuns() {
    var run = new UUID(7, 7);
    var here = new DiskDouble();
    var pool = VolumePool.create(here, SETTINGS.withKernelBoot(run), 1);
    pool.create(ID, SIZE);
    byte[] first = new byte[4096];
    new Random(0).nextBytes(first);
    try (var volume = pool.open(ID)) {
      volume.write(0, ByteBuffer.wrap(first), false);
      for (int i = 1; i < 3; i++) {
        byte[] data = new byte[4096];
        new Random(i).nextBytes(data);
        volume.write(i * 4096L, ByteBuffer.wrap(data), false);
      }
    }
    pool.abandon();
    flipWhereItLies(here, first, 1000);
    var again = VolumePool.open(here.copy(), SETTINGS.withKernelBoot(run), 2);
    try (var volume = again.open(ID)) {
      var block = ByteBuffer.allocate(4096);
      assertThatThrownBy(() -> volume.read(0, block)).isInstanceOf(StoreException.Corrupt.class);
      for (int i = 1; i < 3; i++) {
        byte[] data = new byte[4096];
        new Random(i).nextBytes(data);
        var read = ByteBuffer.allocate(4096);
        volume.read(i * 4096L, read);
        assertThat(read.array()).isEqualTo(data);
      }
    }
    assertThat(again.findings()).isNotEmpty();
    again.abandon();

    // After a power loss as well: no sector of it is missing.
    assertThat(openAgain(here, volume -> {})).isNotEmpty();
  }

  @Test
  void shouldBeWholeWithoutDamage() {
    var report = PoolChecker.check(disk.copy(), PoolSettings.NO_BOOT);
    assertThat(report.findings()).isEmpty();
    assertThat(report.blocksVerified()).isGreaterThan(SIZE / 4096);
    assertThat(damage(disk.copy())).isZero();
  }

  /** Any bit of any file: what is read is right or an error, and the checker sees what hurts. */
  @Test
  void shouldNeverReadWrongDataAfterAFlippedBit() {
    long seed = Long.getLong("bascule.check.seed", 7);
    var random = new Random(seed);
    int each = Boolean.getBoolean("bascule.check.all") ? 400 : 8;
    var refused = new ArrayList<String>();
    for (String name : disk.list()) {
      int length = disk.length(name);
      for (int i = 0; i < each; i++) {
        // Every second one where the structures are: at the beginning and at the end.
        int at =
            switch (i % 4) {
              case 0 -> random.nextInt(Math.min(length, 700));
              case 1 -> length - 1 - random.nextInt(Math.min(length, 700));
              default -> random.nextInt(length);
            };
        var damaged = disk.copy();
        damaged.flip(name, at, random.nextInt(8));
        int bad;
        boolean found;
        try {
          bad = damage(damaged.copy());
          found = !PoolChecker.check(damaged, PoolSettings.NO_BOOT).isClean();
        } catch (RuntimeException | AssertionError e) {
          throw new AssertionError("seed " + seed + ": bit at " + at + " of " + name, e);
        }
        assertThat(found || bad == 0).as("%s at %d is found", name, at).isTrue();
        if (bad < 0) {
          refused.add(name + " at " + at);
        }
        if (name.endsWith(".segment")) {
          assertThat(bad).as("%s at %d costs little", name, at).isLessThanOrEqualTo(2 * 512);
        } else {
          assertThat(bad).as("%s at %d costs nothing", name, at).isZero();
        }
      }
    }
    // One flipped bit never costs the pool.
    assertThat(refused).isEmpty();
  }

  /**
   * What scrubbing finds is written anew by who has it; what a snapshot alone holds is reported.
   */
  @Test
  void shouldTellWhatScrubbingFinds() {
    var pool = VolumePool.open(disk, SETTINGS, 2);
    assertThat(pool.scrub().findings()).isEmpty();
    for (var segment : pool.segments().list()) {
      for (int at = 20_000; at < segment.dataEnd; at += 90_000) {
        disk.flip(segment.name, at, 3);
      }
    }
    int bad = unreadable(pool, ID, content);
    assertThat(bad).isPositive();
    assertThat(pool.scrub().findings()).isNotEmpty();

    var told = new TreeSet<Long>();
    pool.onDamage((volume, offset) -> {
      assertThat(volume).isEqualTo(ID);
      told.add(offset);
      return true;
    });
    int before = pool.scrub().findings().size();
    assertThat(told).hasSize(bad);
    try (var volume = pool.open(ID)) {
      told.forEach(at -> volume.write(at, ByteBuffer.wrap(content, at.intValue(), 4096), false));
    }
    told.clear();
    assertThat(pool.scrub().findings()).hasSize(before);
    assertThat(told).as("what was written anew").isEmpty();
    assertThat(unreadable(pool, ID, content)).isZero();
    assertThat(unreadable(pool, SNAPSHOT, snapshot)).as("known only there").isPositive();
    pool.abandon();
  }

  /** One place of a checkpoint, however long, as a bad sector or a page of memory may be. */
  @Test
  void shouldReadWhatTheRestOfACheckpointTells() {
    var random = new Random(Long.getLong("bascule.check.seed", 7));
    for (String name : checkpoints()) {
      int pagesEnd = (int) Parity.pagesEnd(disk.length(name));
      for (int i = 0; i < 6; i++) {
        var damaged = disk.copy();
        int from = Page.FILE_BYTES + random.nextInt(pagesEnd - Page.FILE_BYTES);
        int end = Math.min(disk.length(name), from + 1 + random.nextInt(4096));
        for (int at = from; at < Math.min(end, pagesEnd); at++) {
          damaged.flip(name, at, random.nextInt(8));
        }
        assertThat(damage(damaged.copy())).as("%s from %d to %d", name, from, end).isZero();
        assertThat(PoolChecker.check(damaged, PoolSettings.NO_BOOT).findings()).isNotEmpty();
      }
    }
  }

  /** A place that the disk does not read any more is told by the rest of the file as well. */
  @Test
  void shouldReadWhatTheRestOfACheckpointTellsOfAPlaceThatCannotBeRead() {
    var random = new Random(Long.getLong("bascule.check.seed", 7));
    for (String name : checkpoints()) {
      int pagesEnd = (int) Parity.pagesEnd(disk.length(name));
      for (int i = 0; i < 6; i++) {
        var damaged = disk.copy();
        int sector = random.nextInt(pagesEnd) / 512 * 512;
        damaged.makeUnreadable(name, sector, sector + 512);
        assertThat(PoolChecker.check(damaged, PoolSettings.NO_BOOT).findings()).isNotEmpty();
        assertThat(damage(damaged)).as("%s at %d", name, sector).isZero();
      }
    }
    for (String name : Superblock.NAMES) {
      var damaged = disk.copy();
      damaged.makeUnreadable(name, 0, 512);
      assertThat(damage(damaged)).as(name).isZero();
    }
  }

  private static Map<String, Page.At> pages(DiskDouble of) {
    var superblock = Superblock.newest(of);
    var files = new CheckpointFiles(of, superblock.pool());
    var at = new Page.At(superblock.checkpoint(), superblock.metaOffset(), superblock.metaBytes());
    var meta = Meta.decode(files.read(at, Page.META, 0));
    var group = meta.groups().getFirst();
    var places = files.read(group.at(), Page.PLACES, group.id());
    int leaf = Page.HEAD_BYTES;
    files.close();
    return Map.of(
        "meta",
        at,
        "node",
        meta.nodes().getFirst().at(),
        "places",
        group.at(),
        "leaf",
        new Page.At(
            places.getInt(leaf + Page.PLACE_FILE),
            places.getLong(leaf + Page.PLACE_OFFSET),
            places.getInt(leaf + Page.PLACE_LENGTH)));
  }

  /** What was rebuilt is written anew, so that the next damage of that file is told, too. */
  @Test
  void shouldWriteAnewWhatWasRebuilt() {
    pages(disk)
        .forEach((what, at) -> {
          for (boolean unreadable : new boolean[] {false, true}) {
            var damaged = disk.copy();
            String name = Names.checkpoint(at.file());
            if (unreadable) {
              damaged.makeUnreadable(name, (int) at.offset() + 12, (int) at.offset() + 16);
            } else {
              damaged.flip(name, (int) at.offset() + 14, 5);
            }
            var pool = VolumePool.open(damaged, SETTINGS, 2);
            assertThat(unreadable(pool, ID, content)).as(what).isZero();
            assertThat(pool.checkpointer().isMendingDue()).as(what).isTrue();
            pool.checkpoint();
            assertThat(damaged.exists(name)).as("%s: the damaged file", what).isFalse();
            assertThat(pool.checkpointer().isMendingDue()).as(what).isFalse();
            assertThat(unreadable(pool, SNAPSHOT, snapshot)).as(what).isZero();
            pool.abandon();
            assertThat(PoolChecker.check(damaged, PoolSettings.NO_BOOT).findings())
                .as(what)
                .isEmpty();
            assertThat(damage(damaged)).as(what).isZero();
          }
        });
  }

  /** Nobody had read it yet: pages, whether they are in memory or not, and the parity. */
  @Test
  void shouldScrubTheCheckpointToo() {
    var random = new Random(Long.getLong("bascule.check.seed", 7));
    for (String name : checkpoints()) {
      for (int i = 0; i < 6; i++) {
        var damaged = disk.copy();
        int at = i == 0 ? disk.length(name) - 1 : random.nextInt(disk.length(name));
        var pool = VolumePool.open(damaged, SETTINGS, 2);
        if (i % 2 == 0) {
          assertThat(unreadable(pool, ID, content)).isZero(); // all of it is in memory
        }
        assertThat(pool.scrub().findings()).isEmpty();
        assertThat(pool.checkpointer().isMendingDue()).isFalse();
        damaged.flip(name, at, random.nextInt(8));
        assertThat(pool.scrub().findings()).isEmpty();
        assertThat(pool.checkpointer().isMendingDue()).as("%s at %d", name, at).isTrue();
        pool.checkpoint();
        assertThat(unreadable(pool, ID, content)).isZero();
        assertThat(unreadable(pool, SNAPSHOT, snapshot)).isZero();
        pool.abandon();
        assertThat(PoolChecker.check(damaged, PoolSettings.NO_BOOT).findings())
            .as("%s at %d", name, at)
            .isEmpty();
      }
    }
  }

  /** One after the other: each was damaged while the other was whole. */
  @Test
  void shouldMendSuperblocksWhileOneIsWhole() {
    var damaged = disk.copy();
    var pool = VolumePool.open(damaged, SETTINGS, 2);
    for (String name : Superblock.NAMES) {
      damaged.flip(name, 40, 2);
      assertThat(pool.scrub().findings()).isEmpty();
    }
    pool.abandon();
    assertThat(PoolChecker.check(damaged, PoolSettings.NO_BOOT).findings()).isEmpty();
    assertThat(damage(damaged)).isZero();
  }

  /** Two places of one stripe: what is in memory is saved, what is not is told. */
  @Test
  void shouldSaveFromMemoryWhatTheCheckpointLost() {
    VolumePool.open(disk, SETTINGS, 2).close(); // nothing to replay, which would load leaves
    var at = Check.found(pages(disk).get("leaf"), "leaf");
    String name = Names.checkpoint(at.file());
    for (boolean resident : new boolean[] {true, false}) {
      var damaged = disk.copy();
      var pool = VolumePool.open(damaged, SETTINGS, 2);
      if (resident) {
        assertThat(unreadable(pool, ID, content) + unreadable(pool, SNAPSHOT, snapshot)).isZero();
      }
      int in = (int) (at.offset() - Page.FILE_BYTES) % Parity.STRIPE_BYTES + 14;
      damaged.flip(name, (int) at.offset() + 14, 3);
      damaged.flip(name, (int) Parity.pagesEnd(disk.length(name)) + in, 4);
      var findings = pool.scrub().findings();
      assertThat(findings.isEmpty()).isEqualTo(resident);
      assertThat(findings).allMatch(one -> one.volume().isPresent());
      pool.checkpoint();
      int bad = unreadable(pool, ID, content) + unreadable(pool, SNAPSHOT, snapshot);
      if (resident) {
        assertThat(bad).isZero();
      } else {
        assertThat(bad).isBetween(1, 2 * Leaves.BLOCKS);
      }
      pool.abandon();
      assertThat(damage(damaged.copy())).isEqualTo(bad);
      assertThat(PoolChecker.check(damaged, PoolSettings.NO_BOOT).isClean()).isEqualTo(resident);
    }
  }

  private List<String> checkpoints() {
    return disk.list().stream().filter(n -> Names.checkpointNumber(n).isPresent()).toList();
  }

  /** A lost part of the index: those 2 MiB are errors until they are written. */
  @Test
  void shouldHoldWhatIsWrittenWhereTheIndexLostSome() {
    var damaged = disk.copy();
    String checkpoint =
        disk.list().stream().filter(n -> Names.checkpointNumber(n).isPresent()).findAny().get();
    damaged.flip(checkpoint, Page.FILE_BYTES + 30, 0);
    damaged.flip(checkpoint, (int) Parity.pagesEnd(disk.length(checkpoint)) + 30, 1);
    var pool = VolumePool.open(damaged, SETTINGS, 2);
    assertThat(unreadable(pool, ID, content)).isBetween(1, 512);
    try (var volume = pool.open(ID)) {
      volume.write(0, ByteBuffer.wrap(content), false);
    }
    assertThat(unreadable(pool, ID, content)).isZero();
    pool.close();
    assertThat(damage(damaged)).isEqualTo(512); // the snapshot's, which nobody can write
  }

  @Test
  void shouldSayWhenASegmentIsGone() {
    var segments =
        disk.list().stream().filter(name -> Names.segmentSerial(name).isPresent()).toList();
    for (String name : segments) {
      if (!name.equals(segments.getLast())) { // without the last one the log ends before it
        var damaged = disk.copy();
        damaged.delete(name);
        int bad = damage(damaged.copy());
        assertThat(bad).as("%s is missed", name).isNotZero();
        assertThat(PoolChecker.check(damaged, PoolSettings.NO_BOOT).findings())
            .as(name)
            .isNotEmpty();
      }
    }
  }

  @Test
  void shouldTellOldNewAndDamagedApart() {
    for (int[] change : new int[][] {{8 + 3, 7}, {12 + 3, 7}}) {
      var newer = disk.copy();
      var older = disk.copy();
      for (String name : Superblock.NAMES) {
        replaceByte(newer, name, change[0], change[1]);
        replaceByte(older, name, change[0], 0);
      }
      assertThatThrownBy(() -> VolumePool.open(newer, SETTINGS, 2))
          .isInstanceOf(StoreException.TooNew.class);
      assertThatThrownBy(() -> VolumePool.open(older, SETTINGS, 2))
          .isInstanceOf(StoreException.TooOld.class);
    }
    var damaged = disk.copy();
    Superblock.NAMES.forEach(name -> damaged.flip(name, 100, 1));
    assertThatThrownBy(() -> VolumePool.open(damaged, SETTINGS, 2))
        .isInstanceOf(StoreException.Corrupt.class);
  }

  private static void replaceByte(DiskDouble disk, String name, int at, int value) {
    byte[] bytes = disk.bytes(name);
    bytes[at] = (byte) value;
    var buffer = ByteBuffer.wrap(bytes);
    buffer.putInt(bytes.length - 4, Checksum.ofHeader(buffer, 0, bytes.length - 4));
    disk.replace(name, bytes);
  }

  @Test
  void shouldNeverTakeAFailedSyncForASuccess() {
    var pool = VolumePool.open(disk, SETTINGS, 2);
    var volume = pool.open(ID);
    volume.write(0, ByteBuffer.allocate(4096), false);
    disk.syncFails = true;
    assertThatThrownBy(volume::flush).isInstanceOf(StoreException.Io.class);
    disk.syncFails = false;
    int syncs = disk.syncs;
    assertThatThrownBy(volume::flush).hasMessageContaining("suspect");
    assertThatThrownBy(pool::flush).hasMessageContaining("suspect");
    assertThat(disk.syncs).as("no second sync").isEqualTo(syncs);
    assertThatThrownBy(() -> volume.write(0, ByteBuffer.allocate(512), false))
        .hasMessageContaining("suspect");
    assertThat(pool.isSuspect()).isTrue();
    volume.close();
    pool.close();
    var again = VolumePool.open(disk, SETTINGS, 3);
    assertThat(again.isSuspect()).isTrue();
    try (var reread = again.open(ID)) {
      var block = ByteBuffer.allocate(8192);
      reread.read(0, block);
      assertThat(Arrays.copyOf(block.array(), 4096)).containsOnly(0);
      assertThatThrownBy(() -> reread.write(0, ByteBuffer.allocate(512), false))
          .hasMessageContaining("suspect");
    }
    again.close();
  }

  /** A full disk refuses writes, loses nothing, and takes writes again when there is room. */
  @Test
  void shouldGoOnAfterAFullDisk() {
    var pool = VolumePool.open(disk, SETTINGS, 2);
    var volume = pool.open(ID);
    var random = new Random(9);
    long was = disk.capacityBytes;
    List<Long> rooms = List.of(100_000L, 300_000L, 0L);
    for (long room : rooms) {
      disk.capacityBytes = was - disk.freeBytes() + room;
      byte[] before = content.clone();
      boolean full = false;
      for (int i = 0; i < 200 && !full; i++) {
        before = content.clone();
        try {
          write(volume, random, 20);
        } catch (StoreException.Full e) {
          full = true;
        }
      }
      assertThat(full).isTrue();
      System.arraycopy(before, 0, content, 0, SIZE);
      disk.capacityBytes = was;
      write(volume, random, 1);
    }
    volume.close();
    assertThat(unreadable(pool, ID, content)).isZero();
    pool.abandon();
    assertThat(damage(disk.kill())).isZero();
  }
}
