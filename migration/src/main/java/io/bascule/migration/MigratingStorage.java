package io.bascule.migration;

import io.bascule.core.Check;
import io.bascule.core.migration.Event.Decision;
import io.bascule.core.migration.Loss;
import io.bascule.core.migration.Migrator;
import io.bascule.core.migration.Phase;
import io.bascule.core.migration.TakeoverRule;
import io.bascule.core.storage.Enclosure;
import io.bascule.core.storage.PoolUse;
import io.bascule.core.storage.Snapshots;
import io.bascule.core.storage.Storage;
import io.bascule.core.upgrade.StepName;
import io.bascule.core.upgrade.Upgrade;
import io.bascule.core.upgrade.UpgradeState;
import io.bascule.core.volume.DamageReport;
import io.bascule.core.volume.Volume;
import io.bascule.core.volume.VolumeCheck;
import io.bascule.core.volume.VolumeStore;
import io.bascule.store.v1.StoreV1;
import io.bascule.store.v2.VolumePool;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Volumes of format 1, ready to move to format 2 while hosts use them. Every volume is a {@link
 * MirroredVolume} from the beginning, so that no host notices when the migration begins, is given
 * up, or is committed.
 */
final class MigratingStorage implements Storage {
  private final Enclosure enclosure;
  private final VolumeStore formatOne;
  private final Migration migrator;
  private final RecordFollower follower;
  private volatile @Nullable VolumePool pool;
  private volatile boolean committed;

  MigratingStorage(Enclosure enclosure) {
    this.enclosure = enclosure;
    this.formatOne = new StoreV1(enclosure.formatOne());
    this.migrator =
        new Migration(
            new Migrator.Surroundings(
                new PresentDirectory(enclosure::formatTwo),
                new PresentDirectory(enclosure::formatTwo),
                UUID.fromString(enclosure.bootId()),
                new Row(),
                new Around()),
            () -> new PoolFormatTwo(enclosure, made -> pool = made));
    this.follower = new RecordFollower(migrator, enclosure::hasFormatTwo);
  }

  @Override
  public VolumeStore volumes() {
    return new Volumes();
  }

  @Override
  public Optional<Snapshots> snapshots() {
    return committed ? Optional.of(new PoolSnapshots(pool())) : Optional.empty();
  }

  @Override
  public Optional<PoolUse> poolUse() {
    return committed ? Optional.of(new PoolSnapshots(pool()).use()) : Optional.empty();
  }

  @Override
  public void opened() {
    migrator.open(enclosure.record().flatMap(this::phaseToGoOnWith));
  }

  /** Controllers that go down again and again in a phase may do so because of format 2 (I6). */
  private Optional<Phase> phaseToGoOnWith(Upgrade upgrade) {
    var phase = phaseUnderWay(upgrade);
    if (phase.filter(p -> p != Phase.PREPARE).isEmpty()) {
      return phase;
    }
    int number = phase.get().number();
    var takeovers = enclosure.noteTakeover(upgrade.plan().id(), number);
    if (!TakeoverRule.isUnstable(takeovers, takeovers.getLast())) {
      return phase;
    }
    enclosure.recordLoss(
        new Upgrade.Cause(
            Loss.UNSTABLE,
            TakeoverRule.TAKEOVERS
                + " takeovers within "
                + TakeoverRule.WITHIN.toMinutes()
                + " minutes in Phase "
                + number));
    return Optional.empty();
  }

  /** The phase in which the record wants both formats; none if it is canceled or invalid. */
  private static Optional<Phase> phaseUnderWay(Upgrade upgrade) {
    var row = upgrade.row();
    boolean underWay =
        (upgrade.state() == UpgradeState.RUNNING || upgrade.state() == UpgradeState.PAUSED)
            && !row.canceled()
            && !row.committed()
            && !row.v2Invalid();
    return underWay ? upgrade.step().flatMap(StepName::phase).map(Phase::of) : Optional.empty();
  }

  @Override
  public io.bascule.core.upgrade.Migration migration() {
    return follower;
  }

  @Override
  public void prepareToClose() {
    if (committed) {
      PoolStorage.checkpoint(pool());
    }
  }

  @Override
  public void close() {
    migrator.close();
  }

  private VolumePool pool() {
    return Check.found(pool, "the pool");
  }

  /** Format 1 until the commit, the pool from then on. */
  private final class Volumes implements VolumeStore {
    private VolumeStore now() {
      return committed ? new PoolVolumes(pool()) : formatOne;
    }

    @Override
    public Volume create(UUID uuid, long sizeBytes) {
      var made = now().create(uuid, sizeBytes);
      return committed ? made : migrator.serve(made);
    }

    @Override
    public Volume open(UUID uuid) {
      var opened = now().open(uuid);
      return committed ? opened : migrator.serve(opened);
    }

    @Override
    public void grow(UUID uuid, long sizeBytes) {
      now().grow(uuid, sizeBytes);
    }

    @Override
    public void delete(UUID uuid) {
      now().delete(uuid);
    }

    @Override
    public boolean isSound(UUID uuid) {
      return now().isSound(uuid);
    }

    @Override
    public VolumeCheck check(UUID uuid) {
      return now().check(uuid);
    }

    @Override
    public void accept(UUID uuid) {
      now().accept(uuid);
    }

    @Override
    public DamageReport damage() {
      return now().damage();
    }

    @Override
    public List<String> strays(Collection<UUID> known) {
      return now().strays(known);
    }
  }

  /** The upgrade's record. */
  private final class Row implements Migrator.Record {
    @Override
    public void lose(Loss loss) {
      enclosure.recordLoss(new Upgrade.Cause(loss.code(), loss.detail()));
    }

    @Override
    public Decision commit() {
      return switch (enclosure.recordCommit()) {
        case COMMITTED -> {
          committed = true;
          yield Decision.COMMITTED;
        }
        case REFUSED -> Decision.REFUSED;
        case UNKNOWN -> Decision.UNKNOWN;
      };
    }
  }

  /** The rest of the controller. */
  private final class Around implements Migrator.Controller {
    @Override
    public OptionalLong hostP99Micros() {
      return orEmpty(enclosure.hostLatencyP99Micros());
    }

    @Override
    public OptionalLong baselineP99Micros() {
      return orEmpty(enclosure.baselineLatencyP99Micros());
    }

    private static OptionalLong orEmpty(Optional<Long> micros) {
      return micros.map(OptionalLong::of).orElseGet(OptionalLong::empty);
    }

    @Override
    public OptionalInt volumes() {
      return OptionalInt.of(enclosure.volumes().size());
    }

    @Override
    public void alarm(String code, String text) {
      enclosure.alert(
          "WARNING",
          code,
          text,
          "Look at the disk under the enclosure; hosts are served from format %d meanwhile."
              .formatted(committed ? 2 : 1));
    }

    @Override
    public void askPause(String code, String reason) {
      enclosure.pause(reason);
    }

    @Override
    public void freeFormatOne() {
      PoolStorage.freeFormatOne(enclosure.formatOne());
    }

    @Override
    public void stop(String why) {
      enclosure.stop(why);
    }
  }
}
