package io.bascule.iscsi;

import static java.util.stream.Collectors.toSet;

import io.bascule.core.Check;
import io.bascule.iscsi.TargetCore.NexusName;
import io.bascule.iscsi.UnitAttentions.Kind;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The reservations of one unit at one moment, and what follows from each request: persistent ones
 * (SPC-4, 5.13) and those of RESERVE (6) (SPC-2, 5.5). A value: no clock, no I/O.
 *
 * <p>Invariants: no key is 0; a reservation that one nexus holds has a registered holder; one that
 * all registrants hold has a registrant; a unit held by RESERVE (6) has no registration.
 */
final class Reservations {
  /** 128 sessions through three portals each, and as many again that are not logged in now. */
  static final int MAX_REGISTRATIONS = 1024;

  static final Reservations NONE = new Reservations(0, false, new LinkedHashMap<>(), null, null);

  /** What became of a request. */
  sealed interface Outcome {
    /**
     * It is GOOD.
     *
     * @param told the unit attentions of other nexuses
     * @param aborted the nexuses whose commands are to be aborted
     */
    record Done(Reservations after, Map<NexusName, Kind> told, Set<NexusName> aborted)
        implements Outcome {}

    /** RESERVATION CONFLICT; nothing has changed. */
    record Conflict() implements Outcome {}

    /** CHECK CONDITION; nothing has changed. */
    record Refused(Sense sense) implements Outcome {}
  }

  private static final Outcome CONFLICT = new Outcome.Conflict();

  /** PRGENERATION. */
  final int generation;

  /** Whether it outlives a loss of power. */
  final boolean aptpl;

  /** The registered nexuses with their keys, in the order in which they came. */
  final Map<NexusName, Long> keys;

  /** Of the persistent reservation; null if there is none. */
  final @Nullable ReservationType type;

  /** Who holds it, unless all registrants do. */
  final @Nullable NexusName holder;

  /** Who holds the unit by RESERVE (6). */
  final @Nullable NexusName unitHolder;

  /** Whether no reservation keeps any command out. */
  final boolean open;

  private Reservations(
      int generation,
      boolean aptpl,
      SequencedMap<NexusName, Long> keys,
      @Nullable ReservationType type,
      @Nullable NexusName holder) {
    this(generation, aptpl, Collections.unmodifiableMap(keys), type, holder, null);
    Check.that(!keys.containsValue(0L), "a key is 0");
    if (type == null || type.allHold()) {
      Check.that(holder == null, "one holder of what is not one's");
      Check.that(type == null || !keys.isEmpty(), "all registrants hold it, and there is none");
    } else {
      Check.that(holder != null && keys.containsKey(holder), "the holder is not registered");
    }
  }

  private Reservations(
      int generation,
      boolean aptpl,
      Map<NexusName, Long> keys,
      @Nullable ReservationType type,
      @Nullable NexusName holder,
      @Nullable NexusName unitHolder) {
    this.generation = generation;
    this.aptpl = aptpl;
    this.keys = keys;
    this.type = type;
    this.holder = holder;
    this.unitHolder = unitHolder;
    open = type == null && unitHolder == null;
  }

  /** What {@link ReservationCodec} has read; null if no such state can be. */
  static @Nullable Reservations recall(
      int generation,
      boolean aptpl,
      SequencedMap<NexusName, Long> keys,
      @Nullable ReservationType type,
      @Nullable NexusName holder) {
    boolean one = type != null && !type.allHold();
    boolean sound =
        !keys.containsValue(0L)
            && (one ? holder != null && keys.containsKey(holder) : holder == null)
            && (type == null || !keys.isEmpty())
            && keys.size() <= MAX_REGISTRATIONS;
    return sound ? new Reservations(generation, aptpl, keys, type, holder) : null;
  }

  /**
   * In the place of a record that cannot be read: nobody uses the unit until a host has registered
   * and cleared or preempted it, as one does whose cluster has lost a node.
   */
  static Reservations unreadable() {
    var nobody = new NexusName("", 0, 0);
    var keys = new LinkedHashMap<NexusName, Long>();
    keys.put(nobody, -1L);
    return new Reservations(0, true, keys, ReservationType.EXCLUSIVE_ACCESS, nobody);
  }

  /** What is left after the appliance has been without power. */
  Reservations afterPowerLoss() {
    return aptpl ? new Reservations(0, true, new LinkedHashMap<>(keys), type, holder) : NONE;
  }

  // ---- Who may do what ------------------------------------------------------------------------

  /** Whether a command of that nexus conflicts. */
  boolean conflicts(CommandAccess access, NexusName by) {
    if (unitHolder != null) {
      return switch (access) {
        case HARMLESS, RELEASE -> false;
        case PERSISTENT_IN, PERSISTENT_OUT -> true; // the holder's, too (SPC-2, 5.5.1)
        case READY, READ, WRITE, START_STOP, PREVENT_ALLOW, RESERVE -> !by.equals(unitHolder);
      };
    }
    if (type == null) {
      return false;
    }
    return switch (access) {
      case HARMLESS, READY, PERSISTENT_IN, PERSISTENT_OUT, RESERVE, RELEASE -> false;
      case READ -> !type.leavesReads && !serves(by);
      case WRITE, START_STOP, PREVENT_ALLOW -> !serves(by);
    };
  }

  /** Whether the persistent reservation leaves the unit to this nexus. */
  private boolean serves(NexusName by) {
    return type != null && (type.servesRegistrants() ? keys.containsKey(by) : by.equals(holder));
  }

  /** Whether it holds the persistent reservation. */
  boolean isHeldBy(NexusName nexus) {
    return type != null && (type.allHold() ? keys.containsKey(nexus) : nexus.equals(holder));
  }

  // ---- RESERVE (6) and RELEASE (6) ------------------------------------------------------------

  Outcome reserveUnit(NexusName by) {
    if (!keys.isEmpty()) {
      return compatible(by);
    }
    if (unitHolder != null) {
      return unitHolder.equals(by) ? unchanged() : CONFLICT;
    }
    return done(heldAsUnit(by), Map.of(), Set.of());
  }

  Outcome releaseUnit(NexusName by) {
    return keys.isEmpty() ? done(withoutUnitHolder(by), Map.of(), Set.of()) : compatible(by);
  }

  /** CRH: who may use the unit anyhow is told GOOD, and nothing happens (SPC-4, 5.13.3). */
  private Outcome compatible(NexusName by) {
    return serves(by) ? unchanged() : CONFLICT;
  }

  /** The same if that nexus does not hold the unit. */
  Reservations withoutUnitHolder(NexusName by) {
    return by.equals(unitHolder) ? heldAsUnit(null) : this;
  }

  /** After a reset of the unit. */
  Reservations withoutUnitHolder() {
    return unitHolder == null ? this : heldAsUnit(null);
  }

  private Reservations heldAsUnit(@Nullable NexusName by) {
    return new Reservations(generation, aptpl, keys, type, holder, by);
  }

  // ---- PERSISTENT RESERVE OUT -----------------------------------------------------------------

  /** What becomes of a request that came by this nexus. */
  Outcome apply(NexusName by, ReserveOut request) {
    if (unitHolder != null) {
      return CONFLICT;
    }
    boolean named = request.key() != 0 && keys.getOrDefault(by, 0L) == request.key();
    if (!named && !(request instanceof ReserveOut.Register)) {
      return CONFLICT;
    }
    return switch (request) {
      case ReserveOut.Register register -> register(by, register);
      case ReserveOut.Reserve reserve -> reserve(by, reserve.type());
      case ReserveOut.Release release -> release(by, release.type());
      case ReserveOut.Clear _ ->
          done(
              new Reservations(generation + 1, aptpl, new LinkedHashMap<>(), null, null),
              tell(others(by), Kind.RESERVATIONS_PREEMPTED),
              Set.of());
      case ReserveOut.Preempt preempt -> preempt(by, preempt);
      case ReserveOut.Move move -> move(by, move);
    };
  }

  private Outcome register(NexusName by, ReserveOut.Register request) {
    for (NexusName nexus : request.nexuses()) {
      if (!request.ignoreKey() && keys.getOrDefault(nexus, 0L) != request.key()) {
        return CONFLICT;
      }
    }
    Set<NexusName> meant = new LinkedHashSet<>(request.nexuses());
    if (request.specified().isPresent()) {
      List<NexusName> specified = request.specified().get();
      if (request.ignoreKey()
          || request.newKey() == 0
          || keys.containsKey(by)
          || specified.stream().anyMatch(keys::containsKey)) {
        return new Outcome.Refused(Sense.INVALID_FIELD_IN_PARAMETER_LIST);
      }
      meant.addAll(specified);
    }
    if (request.newKey() == 0) {
      return unregister(by, meant, request.aptpl());
    }
    var after = new LinkedHashMap<>(keys);
    meant.forEach(nexus -> after.put(nexus, request.newKey()));
    return after.size() > MAX_REGISTRATIONS
        ? new Outcome.Refused(Sense.INSUFFICIENT_REGISTRATION_RESOURCES)
        : done(
            new Reservations(generation + 1, request.aptpl(), after, type, holder),
            Map.of(),
            Set.of());
  }

  private Outcome unregister(NexusName by, Set<NexusName> meant, boolean persists) {
    if (meant.stream().noneMatch(keys::containsKey)) {
      return unchanged();
    }
    Reservations after = without(meant, persists);
    boolean told =
        after.type == null && type != null && type.servesRegistrants() && !type.allHold();
    return done(
        after,
        told ? after.tell(after.others(by), Kind.RESERVATIONS_RELEASED) : Map.of(),
        Set.of());
  }

  /** These are registered no more; what they held is released. */
  private Reservations without(Collection<NexusName> gone, boolean persists) {
    var after = new LinkedHashMap<>(keys);
    after.keySet().removeAll(gone);
    boolean kept = type != null && (type.allHold() ? !after.isEmpty() : after.containsKey(holder));
    return new Reservations(
        generation + 1, persists, after, kept ? type : null, kept ? holder : null);
  }

  private Outcome reserve(NexusName by, @Nullable ReservationType wanted) {
    if (type != null) {
      return isHeldBy(by) && type == wanted ? unchanged() : CONFLICT;
    }
    return wanted == null
        ? new Outcome.Refused(Sense.INVALID_FIELD_IN_CDB)
        : done(held(generation, new LinkedHashMap<>(keys), wanted, by), Map.of(), Set.of());
  }

  private Reservations held(
      int generationNow,
      SequencedMap<NexusName, Long> after,
      ReservationType wanted,
      NexusName by) {
    return new Reservations(generationNow, aptpl, after, wanted, wanted.allHold() ? null : by);
  }

  private Outcome release(NexusName by, @Nullable ReservationType named) {
    if (type == null || !isHeldBy(by)) {
      return unchanged();
    }
    if (type != named) {
      return new Outcome.Refused(Sense.INVALID_RELEASE);
    }
    return done(
        new Reservations(generation, aptpl, new LinkedHashMap<>(keys), null, null),
        type.servesRegistrants() ? tell(others(by), Kind.RESERVATIONS_RELEASED) : Map.of(),
        Set.of());
  }

  private Outcome preempt(NexusName by, ReserveOut.Preempt request) {
    long victims = request.victims();
    boolean allHold = type != null && type.allHold();
    if (victims == 0 && type != null && !allHold) {
      return new Outcome.Refused(Sense.INVALID_FIELD_IN_PARAMETER_LIST);
    }
    Set<NexusName> found =
        victims == 0 && allHold
            ? new HashSet<>(keys.keySet())
            : keys.keySet().stream()
                .filter(each -> Objects.requireNonNull(keys.get(each)) == victims)
                .collect(toSet());
    if (found.isEmpty()) {
      return CONFLICT;
    }
    boolean replaced = allHold ? victims == 0 : found.stream().anyMatch(this::isHeldBy);
    if (!replaced) {
      return done(
          without(found, aptpl),
          tell(found.stream().filter(each -> !each.equals(by)), Kind.REGISTRATIONS_PREEMPTED),
          request.abort() ? found : Set.of());
    }
    ReservationType wanted = request.type();
    if (wanted == null) {
      return new Outcome.Refused(Sense.INVALID_FIELD_IN_CDB);
    }
    var after = new LinkedHashMap<>(keys);
    after.keySet().removeIf(each -> found.contains(each) && !each.equals(by));
    var told = new LinkedHashMap<NexusName, Kind>();
    if (wanted != type) {
      told.putAll(tell(others(by), Kind.RESERVATIONS_RELEASED));
    }
    told.putAll(
        tell(found.stream().filter(each -> !each.equals(by)), Kind.REGISTRATIONS_PREEMPTED));
    return done(held(generation + 1, after, wanted, by), told, request.abort() ? found : Set.of());
  }

  private Outcome move(NexusName by, ReserveOut.Move request) {
    if (type == null) {
      return new Outcome.Refused(Sense.INVALID_FIELD_IN_CDB);
    }
    if (type.allHold() || !by.equals(holder)) {
      return CONFLICT;
    }
    if (request.newKey() == 0 || request.to().equals(by)) {
      return new Outcome.Refused(Sense.INVALID_FIELD_IN_PARAMETER_LIST);
    }
    var after = new LinkedHashMap<>(keys);
    after.put(request.to(), request.newKey());
    if (request.unregister()) {
      after.remove(by);
    }
    return after.size() > MAX_REGISTRATIONS
        ? new Outcome.Refused(Sense.INSUFFICIENT_REGISTRATION_RESOURCES)
        : done(
            new Reservations(generation + 1, request.aptpl(), after, type, request.to()),
            Map.of(),
            Set.of());
  }

  // ---- Shared ---------------------------------------------------------------------------------

  private Stream<NexusName> others(NexusName by) {
    return keys.keySet().stream().filter(each -> !each.equals(by));
  }

  private Map<NexusName, Kind> tell(Stream<NexusName> whom, Kind kind) {
    var told = new LinkedHashMap<NexusName, Kind>();
    whom.forEach(each -> told.put(each, kind));
    return told;
  }

  private Outcome unchanged() {
    return done(this, Map.of(), Set.of());
  }

  private static Outcome done(
      Reservations after, Map<NexusName, Kind> told, Set<NexusName> aborted) {
    return new Outcome.Done(after, told, aborted);
  }
}
