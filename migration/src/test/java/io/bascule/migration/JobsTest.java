package io.bascule.migration;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.migration.Event;
import io.bascule.core.migration.Event.Decision;
import io.bascule.core.migration.Loss;
import io.bascule.core.migration.Migrator;
import io.bascule.core.migration.Service;
import io.bascule.core.volume.StoreException;
import io.bascule.store.v1.VolumeStoreV1;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** The commit's jobs one by one, with what happens between them. */
class JobsTest {
  private static final UUID ID = new UUID(1, 1);
  private static final long SIZE = 4L << 20;

  private final FakeFormatTwo.Faults faults = new FakeFormatTwo.Faults();
  private final ModeSwitch modes = new ModeSwitch();
  private final List<Event> events = new CopyOnWriteArrayList<>();
  private final List<Long> damaged = new ArrayList<>();
  private final List<MirroredVolume> volumes = new ArrayList<>();
  private final Record record = new Record();

  private static final class Record implements Migrator.Record {
    int asked;

    @Override
    public void lose(Loss cause) {
      throw new AssertionError("lost: " + cause);
    }

    @Override
    public Decision commit() {
      asked++;
      return Decision.COMMITTED;
    }
  }

  /** Everything is copied and compared, and read from format 2. */
  private Jobs confirmed() {
    var two = new MemoryDirectory();
    var store = new VolumeStoreV1(new MemoryDirectory().open());
    store.create(ID, SIZE);
    volumes.add(new MirroredVolume(store.open(ID), modes, volume -> {}));
    volumes.getFirst().write(0, ByteBuffer.allocate(1 << 20).put(70_000, (byte) 7), false);
    var around =
        new Migrator.Surroundings(
            two.open(), two.open(), UUID.randomUUID(), record, new Controller());
    var jobs =
        new Jobs(
            around,
            () -> new FakeFormatTwo(two.open(), faults),
            modes,
            volumes,
            events::add,
            (volume, offset) -> damaged.add(offset),
            Runnable::run,
            60_000);
    jobs.make();
    modes.set(Service.MARKING);
    jobs.scan();
    modes.set(Service.BOTH);
    makeWhole(jobs);
    modes.set(Service.READ_V2);
    return jobs;
  }

  private static void makeWhole(Jobs jobs) {
    var part = jobs.pool().parts().getFirst();
    var buffers = Pool.Buffers.make();
    for (var batch = part.copier().claim(Copier.BATCH_REGIONS);
        batch != null;
        batch = part.copier().claim(Copier.BATCH_REGIONS)) {
      long _ = part.copier().copy(batch, buffers.one());
    }
    while (!part.comparer().isClean()) {
      long _ = part.comparer().step(buffers, Comparer.BATCH_REGIONS);
    }
  }

  private void readDamage() {
    faults.before =
        call -> {
          if (call.equals("read")) {
            throw new StoreException.Corrupt("checksum");
          }
        };
    var block = ByteBuffer.allocate(512);
    volumes.getFirst().read(70_000 / 512 * 512, block);
    faults.before = call -> {};
    assertThat(block.get(70_000 % 512)).as("from format 1").isEqualTo((byte) 7);
  }

  /** After all is synced and before the record is asked: the commit does not happen this time. */
  @Test
  void shouldNotAskForTheCommitOfWhatWasJustFoundDamaged() {
    var jobs = confirmed();
    jobs.hold();
    assertThat(events).last().isEqualTo(new Event.Held());
    readDamage();
    assertThat(damaged).containsExactly((long) Regions.BYTES);
    jobs.decide();
    assertThat(events).last().isEqualTo(new Event.Decided(Decision.REFUSED));
    assertThat(record.asked).isZero();
    assertThat(jobs.pool().guard().isLost()).isFalse();
    assertThat(jobs.pool().needsCopyBytes()).isEqualTo(Regions.BYTES);

    modes.set(Service.READ_V2); // as the machine does
    makeWhole(jobs);
    jobs.hold();
    assertThat(events).last().isEqualTo(new Event.Held());
    jobs.decide();
    assertThat(events).last().isEqualTo(new Event.Decided(Decision.COMMITTED));
    jobs.pool().guard().close();
  }

  /** What is copied again is compared again before anybody is asked. */
  @Test
  void shouldNotHoldForWhatIsCopiedAgainAndNotCompared() {
    var jobs = confirmed();
    readDamage();
    var part = jobs.pool().parts().getFirst();
    var batch = requireNonNull(part.copier().claim(Copier.BATCH_REGIONS));
    long _ = part.copier().copy(batch, Pool.Buffers.make().one());
    assertThat(jobs.pool().needsCopyBytes()).isZero();
    jobs.hold();
    assertThat(events).last().isInstanceOf(Event.HoldFailed.class);
    jobs.pool().guard().close();
  }

  private static final class Controller implements Migrator.Controller {
    @Override
    public OptionalLong hostP99Micros() {
      return OptionalLong.empty();
    }

    @Override
    public OptionalLong baselineP99Micros() {
      return OptionalLong.empty();
    }

    @Override
    public OptionalInt volumes() {
      return OptionalInt.empty();
    }

    @Override
    public void alarm(String code, String text) {
      throw new AssertionError(code + ": " + text);
    }

    @Override
    public void askPause(String code, String reason) {
      throw new AssertionError(code + ": " + reason);
    }

    @Override
    public void freeFormatOne() {
      throw new AssertionError("format 1 is freed");
    }

    @Override
    public void stop(String why) {
      throw new AssertionError(why);
    }
  }
}
