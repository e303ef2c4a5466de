package io.bascule.iscsi;

import io.bascule.core.volume.StoreException;
import io.bascule.iscsi.TargetCore.NexusName;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The reservations of all volumes, and where they are kept. Safe for use by many threads.
 *
 * <p>Invariant: each guard knows of what is kept in {@link #store}, also one that is made while
 * another store begins to be used; so one monitor covers both.
 */
final class UnitGuards {
  private static final System.Logger LOG = System.getLogger(UnitGuards.class.getName());

  /** Of a target that has no medium to show yet: no host gets so far. */
  private static final ReservationStore NOWHERE =
      new ReservationStore() {
        @Override
        public String power() {
          return "";
        }

        @Override
        public Map<UUID, byte[]> load() {
          return Map.of();
        }

        @Override
        public void save(UUID volume, byte[] content) {
          throw new StoreException.Corrupt("the target keeps no reservations");
        }
      };

  private final Map<UUID, UnitGuard> guards = new ConcurrentHashMap<>();
  private volatile ReservationStore store = NOWHERE;
  private volatile Map<UUID, byte[]> kept = Map.of();

  ReservationStore store() {
    return store;
  }

  /** See {@link IscsiTarget#keepReservations}. */
  synchronized void keep(ReservationStore another) {
    store = another;
    kept = another.load();
    guards.forEach((volume, guard) -> guard.recall(recalled(volume)));
  }

  /** The one of that volume, for ever: no other volume gets its UUID. */
  synchronized UnitGuard of(UUID volume) {
    return guards.computeIfAbsent(volume, uuid -> new UnitGuard(uuid, recalled(uuid)));
  }

  private Reservations recalled(UUID volume) {
    byte[] content = kept.get(volume);
    if (content == null) {
      return Reservations.NONE;
    }
    Reservations state = ReservationCodec.decode(store.power(), content);
    if (state == null) {
      LOG.log(
          System.Logger.Level.ERROR,
          "the reservations of volume {0} cannot be read: until a host clears them nobody uses it",
          volume);
      return Reservations.unreadable();
    }
    return state;
  }

  /** Ends what RESERVE (6) holds for this nexus. */
  void nexusLost(NexusName name) {
    guards.values().forEach(guard -> guard.nexusLost(name));
  }
}
