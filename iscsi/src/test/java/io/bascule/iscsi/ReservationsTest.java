package io.bascule.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.iscsi.Reservations.Outcome;
import io.bascule.iscsi.TargetCore.NexusName;
import io.bascule.iscsi.UnitAttentions.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ReservationsTest {
  private static final NexusName A = nexus("a", 3);
  private static final NexusName B = nexus("b", 3);
  private static final NexusName C = nexus("c", 3);

  /** Not registered. */
  private static final NexusName D = nexus("d", 3);

  private static final long KEY_A = 0xA;
  private static final long KEY_B = 0xB;
  private static final long KEY_C = 0xC;

  private static NexusName nexus(String name, int tag) {
    return new NexusName("iqn.2026-11.example:" + name, 0x800000000001L, tag);
  }

  // ---- Requests -------------------------------------------------------------------------------

  private static ReserveOut register(NexusName by, long key, long newKey) {
    return new ReserveOut.Register(key, newKey, false, List.of(by), Optional.empty(), false);
  }

  private static ReserveOut ignoring(NexusName by, long newKey) {
    return new ReserveOut.Register(99, newKey, true, List.of(by), Optional.empty(), true);
  }

  private static ReserveOut reserve(long key, ReservationType type) {
    return new ReserveOut.Reserve(key, type);
  }

  private static ReserveOut preempt(long key, long victims, @Nullable ReservationType type) {
    return new ReserveOut.Preempt(key, victims, type, false);
  }

  private static Outcome.Done good(Reservations state, NexusName by, ReserveOut request) {
    Outcome outcome = state.apply(by, request);
    assertThat(outcome).as("%s by %s", request, by).isInstanceOf(Outcome.Done.class);
    return (Outcome.Done) outcome;
  }

  private static void refused(Reservations state, NexusName by, ReserveOut request, Sense sense) {
    assertThat(state.apply(by, request)).isEqualTo(new Outcome.Refused(sense));
  }

  private static void conflict(Reservations state, NexusName by, ReserveOut request) {
    assertThat(state.apply(by, request)).as("%s", request).isEqualTo(new Outcome.Conflict());
  }

  /** A, B and C are registered. */
  private static Reservations registered() {
    Reservations state = Reservations.NONE;
    state = good(state, A, register(A, 0, KEY_A)).after();
    state = good(state, B, register(B, 0, KEY_B)).after();
    return good(state, C, register(C, 0, KEY_C)).after();
  }

  /** And A has reserved. */
  private static Reservations reserved(ReservationType type) {
    return good(registered(), A, reserve(KEY_A, type)).after();
  }

  // ---- Who may do what ------------------------------------------------------------------------

  /** Of each type, for holder, registrant and stranger: + may, - conflicts; read then write. */
  private static final Map<ReservationType, String> ACCESS =
      Map.of(
          ReservationType.WRITE_EXCLUSIVE, "++ +- +-",
          ReservationType.EXCLUSIVE_ACCESS, "++ -- --",
          ReservationType.WRITE_EXCLUSIVE_REGISTRANTS_ONLY, "++ ++ +-",
          ReservationType.EXCLUSIVE_ACCESS_REGISTRANTS_ONLY, "++ ++ --",
          ReservationType.WRITE_EXCLUSIVE_ALL_REGISTRANTS, "++ ++ +-",
          ReservationType.EXCLUSIVE_ACCESS_ALL_REGISTRANTS, "++ ++ --");

  @ParameterizedTest
  @EnumSource(ReservationType.class)
  void shouldKeepOutWhomTheTypeKeepsOut(ReservationType type) {
    Reservations state = reserved(type);
    assertThat(state.open).isFalse();
    List<String> found = new ArrayList<>();
    for (NexusName who : List.of(A, B, D)) {
      found.add(sign(state, CommandAccess.READ, who) + sign(state, CommandAccess.WRITE, who));
      for (CommandAccess access : CommandAccess.values()) {
        String as = type + ", " + access + " by " + who;
        switch (access) {
          case HARMLESS, READY, PERSISTENT_IN, PERSISTENT_OUT, RESERVE, RELEASE ->
              assertThat(state.conflicts(access, who)).as(as).isFalse();
          case START_STOP, PREVENT_ALLOW ->
              assertThat(state.conflicts(access, who))
                  .as(as)
                  .isEqualTo(state.conflicts(CommandAccess.WRITE, who));
          case READ, WRITE -> {}
        }
      }
    }
    assertThat(String.join(" ", found)).isEqualTo(ACCESS.get(type));
  }

  private static String sign(Reservations state, CommandAccess access, NexusName who) {
    return state.conflicts(access, who) ? "-" : "+";
  }

  @Test
  void shouldKeepNobodyOutByRegistrationsAlone() {
    assertThat(registered().open).isTrue();
    for (CommandAccess access : CommandAccess.values()) {
      assertThat(registered().conflicts(access, D)).as("%s", access).isFalse();
    }
  }

  @Test
  void shouldKeepOthersOutOfAUnitThatIsReserved() {
    Reservations state = ((Outcome.Done) Reservations.NONE.reserveUnit(A)).after();
    assertThat(state.open).isFalse();
    Set<CommandAccess> free = Set.of(CommandAccess.HARMLESS, CommandAccess.RELEASE);
    Set<CommandAccess> nobodys = Set.of(CommandAccess.PERSISTENT_IN, CommandAccess.PERSISTENT_OUT);
    for (CommandAccess access : CommandAccess.values()) {
      assertThat(state.conflicts(access, A)).as("%s", access).isEqualTo(nobodys.contains(access));
      assertThat(state.conflicts(access, B)).as("%s", access).isEqualTo(!free.contains(access));
    }
  }

  /** The commands of the table, by name, so that a new one must be thought about. */
  @Test
  void shouldKnowWhatEachCommandDoes() {
    Map<CommandAccess, List<String>> found = new TreeMap<>();
    for (Command command : Commands.all()) {
      String name = command.name().replaceAll(" \\(\\d+\\)|,.*", "");
      var names = found.computeIfAbsent(command.access(), _ -> new ArrayList<>());
      if (!names.contains(name)) {
        names.add(name);
      }
    }
    assertThat(found.get(CommandAccess.HARMLESS))
        .containsExactlyInAnyOrder(
            "REQUEST SENSE",
            "INQUIRY",
            "READ CAPACITY",
            "REPORT LUNS",
            "REPORT TARGET PORT GROUPS");
    assertThat(found.get(CommandAccess.READ))
        .contains(
            "READ",
            "PRE-FETCH",
            "VERIFY",
            "MODE SENSE",
            "GET LBA STATUS",
            "RECEIVE COPY STATUS (LID1)",
            "REPORT SUPPORTED OPERATION CODES",
            "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS")
        .doesNotContain("WRITE", "UNMAP");
    assertThat(found.get(CommandAccess.WRITE))
        .contains(
            "WRITE",
            "WRITE AND VERIFY",
            "WRITE SAME",
            "UNMAP",
            "COMPARE AND WRITE",
            "ORWRITE",
            "EXTENDED COPY (LID1)",
            "SYNCHRONIZE CACHE")
        .doesNotContain("READ", "VERIFY", "MODE SENSE");
    assertThat(found.get(CommandAccess.READY)).containsExactly("TEST UNIT READY");
    assertThat(found.get(CommandAccess.START_STOP)).containsExactly("START STOP UNIT");
    assertThat(found.get(CommandAccess.PREVENT_ALLOW))
        .containsExactly("PREVENT ALLOW MEDIUM REMOVAL");
    assertThat(found.get(CommandAccess.PERSISTENT_IN)).containsExactly("PERSISTENT RESERVE IN");
    assertThat(found.get(CommandAccess.PERSISTENT_OUT)).containsExactly("PERSISTENT RESERVE OUT");
    assertThat(found.get(CommandAccess.RESERVE)).containsExactly("RESERVE");
    assertThat(found.get(CommandAccess.RELEASE)).containsExactly("RELEASE");
  }

  @Test
  void shouldTakeStartingAndAllowingForHarmless() {
    assertThat(CommandAccess.START_STOP.of(cdb4(0x01))).isEqualTo(CommandAccess.HARMLESS);
    assertThat(CommandAccess.START_STOP.of(cdb4(0x00))).isEqualTo(CommandAccess.WRITE);
    assertThat(CommandAccess.START_STOP.of(cdb4(0x31))).isEqualTo(CommandAccess.WRITE);
    assertThat(CommandAccess.PREVENT_ALLOW.of(cdb4(0x00))).isEqualTo(CommandAccess.HARMLESS);
    assertThat(CommandAccess.PREVENT_ALLOW.of(cdb4(0x01))).isEqualTo(CommandAccess.WRITE);
    assertThat(CommandAccess.READ.of(cdb4(0x01))).isEqualTo(CommandAccess.READ);
  }

  private static byte[] cdb4(int value) {
    return new byte[] {0, 0, 0, 0, (byte) value, 0};
  }

  // ---- REGISTER -------------------------------------------------------------------------------

  @Test
  void shouldRegisterChangeAndUnregister() {
    Reservations state = good(Reservations.NONE, A, register(A, 0, KEY_A)).after();
    assertThat(state.keys).containsExactly(Map.entry(A, KEY_A));
    assertThat(state.generation).isEqualTo(1);
    conflict(state, A, register(A, 0, 5));
    conflict(state, A, register(A, KEY_B, 5));
    conflict(state, B, register(B, KEY_A, 5));
    state = good(state, A, register(A, KEY_A, 5)).after();
    assertThat(state.keys).containsExactly(Map.entry(A, 5L));
    state = good(state, A, register(A, 5, 0)).after();
    assertThat(state.keys).isEmpty();
    assertThat(state.generation).isEqualTo(3);
    assertThat(good(state, A, register(A, 0, 0)).after()).as("nothing").isSameAs(state);
  }

  @Test
  void shouldIgnoreTheExistingKeyIfAsked() {
    Reservations state = good(Reservations.NONE, A, ignoring(A, KEY_A)).after();
    state = good(state, A, ignoring(A, KEY_B)).after();
    assertThat(state.keys).containsExactly(Map.entry(A, KEY_B));
    assertThat(state.aptpl).isTrue();
    assertThat(good(state, B, ignoring(B, 0)).after()).isSameAs(state);
    assertThat(good(state, A, ignoring(A, 0)).after().keys).isEmpty();
  }

  @Test
  void shouldRegisterThroughAllPortsAsIfEachHadAsked() {
    NexusName other = new NexusName(A.initiatorName(), A.isid(), 1);
    Reservations state = good(Reservations.NONE, A, all(A, other, 0, KEY_A)).after();
    assertThat(state.keys).containsExactly(Map.entry(A, KEY_A), Map.entry(other, KEY_A));
    assertThat(state.generation).isEqualTo(1);
    state = good(state, A, register(A, KEY_A, 7)).after();
    conflict(state, A, all(A, other, 7, 8));
    conflict(state, A, all(A, other, KEY_A, 8));
    state = good(state, other, register(other, KEY_A, 7)).after();
    assertThat(good(state, A, all(A, other, 7, 0)).after().keys).isEmpty();
  }

  private static ReserveOut all(NexusName by, NexusName other, long key, long newKey) {
    return new ReserveOut.Register(key, newKey, false, List.of(by, other), Optional.empty(), false);
  }

  @Test
  void shouldRegisterOthersThatAreNamed() {
    ReserveOut both =
        new ReserveOut.Register(0, KEY_A, false, List.of(A), Optional.of(List.of(B, C)), true);
    Reservations state = good(Reservations.NONE, A, both).after();
    assertThat(state.keys)
        .containsExactly(Map.entry(A, KEY_A), Map.entry(B, KEY_A), Map.entry(C, KEY_A));
    Reservations one = good(Reservations.NONE, C, register(C, 0, KEY_C)).after();
    refused(one, A, both, Sense.INVALID_FIELD_IN_PARAMETER_LIST);
    Reservations self = good(Reservations.NONE, A, register(A, 0, KEY_A)).after();
    ReserveOut again =
        new ReserveOut.Register(KEY_A, 5, false, List.of(A), Optional.of(List.of(B)), true);
    refused(self, A, again, Sense.INVALID_FIELD_IN_PARAMETER_LIST);
    ReserveOut none =
        new ReserveOut.Register(0, 0, false, List.of(A), Optional.of(List.of(B)), true);
    refused(Reservations.NONE, A, none, Sense.INVALID_FIELD_IN_PARAMETER_LIST);
  }

  @Test
  void shouldRefuseMoreThanThereIsRoomFor() {
    List<NexusName> many = new ArrayList<>();
    for (int i = 0; i < Reservations.MAX_REGISTRATIONS; i++) {
      many.add(nexus("n" + i, 3));
    }
    var most = new ReserveOut.Register(0, 1, false, many, Optional.empty(), false);
    Reservations state = good(Reservations.NONE, many.getFirst(), most).after();
    refused(state, A, register(A, 0, 1), Sense.INSUFFICIENT_REGISTRATION_RESOURCES);
    state = good(state, many.get(1), reserve(1, ReservationType.WRITE_EXCLUSIVE)).after();
    var move = new ReserveOut.Move(1, 2, A, false, false);
    refused(state, many.get(1), move, Sense.INSUFFICIENT_REGISTRATION_RESOURCES);
  }

  @ParameterizedTest
  @EnumSource(ReservationType.class)
  void shouldReleaseWhatItsLastHolderUnregisters(ReservationType type) {
    Outcome.Done gone = good(reserved(type), A, register(A, KEY_A, 0));
    if (type.allHold()) {
      assertThat(gone.after().type).isEqualTo(type);
      assertThat(gone.told()).isEmpty();
      Reservations one = good(gone.after(), B, register(B, KEY_B, 0)).after();
      assertThat(good(one, C, register(C, KEY_C, 0)).after().type).isNull();
    } else {
      assertThat(gone.after().type).isNull();
      assertThat(gone.told())
          .isEqualTo(
              type.servesRegistrants()
                  ? Map.of(B, Kind.RESERVATIONS_RELEASED, C, Kind.RESERVATIONS_RELEASED)
                  : Map.of());
    }
    Outcome.Done other = good(reserved(type), B, register(B, KEY_B, 0));
    assertThat(other.after().type).isEqualTo(type);
    assertThat(other.told()).isEmpty();
  }

  // ---- RESERVE, RELEASE, CLEAR ----------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(ReservationType.class)
  void shouldReserveOnce(ReservationType type) {
    Reservations state = reserved(type);
    assertThat(state.generation).as("RESERVE does not count").isEqualTo(3);
    assertThat(good(state, A, reserve(KEY_A, type)).after()).isSameAs(state);
    for (ReservationType other : ReservationType.values()) {
      if (other != type) {
        conflict(state, A, reserve(KEY_A, other));
      }
      if (other != type || !type.allHold()) {
        conflict(state, B, reserve(KEY_B, other));
      }
    }
    if (type.allHold()) {
      assertThat(good(state, B, reserve(KEY_B, type)).after()).isSameAs(state);
    }
    assertThat(Stream.of(A, B, C, D).filter(state::isHeldBy))
        .containsExactlyElementsOf(type.allHold() ? List.of(A, B, C) : List.of(A));
  }

  @Test
  void shouldWantARegisteredKeyAndAType() {
    Reservations state = registered();
    ReservationType type = ReservationType.WRITE_EXCLUSIVE;
    for (ReserveOut request :
        List.of(
            reserve(KEY_B, type),
            reserve(0, type),
            new ReserveOut.Release(KEY_B, type),
            new ReserveOut.Clear(KEY_B),
            preempt(KEY_B, KEY_C, type),
            new ReserveOut.Move(KEY_B, 1, D, false, false))) {
      conflict(state, A, request);
      conflict(state, D, request);
    }
    conflict(state, D, reserve(0, type));
    refused(state, A, new ReserveOut.Reserve(KEY_A, null), Sense.INVALID_FIELD_IN_CDB);
  }

  @ParameterizedTest
  @EnumSource(ReservationType.class)
  void shouldReleaseForItsHolderOnly(ReservationType type) {
    Reservations state = reserved(type);
    Outcome.Done released = good(state, A, new ReserveOut.Release(KEY_A, type));
    assertThat(released.after().type).isNull();
    assertThat(released.after().keys).isEqualTo(state.keys);
    assertThat(released.after().generation).isEqualTo(3);
    assertThat(released.told().keySet())
        .isEqualTo(type.servesRegistrants() ? Set.of(B, C) : Set.of());
    assertThat(released.told().values()).allMatch(kind -> kind == Kind.RESERVATIONS_RELEASED);
    refused(state, A, new ReserveOut.Release(KEY_A, null), Sense.INVALID_RELEASE);
    for (ReservationType other : ReservationType.values()) {
      if (other != type) {
        refused(state, A, new ReserveOut.Release(KEY_A, other), Sense.INVALID_RELEASE);
      }
    }
    if (!type.allHold()) {
      assertThat(good(state, B, new ReserveOut.Release(KEY_B, type)).after()).isSameAs(state);
    }
    Reservations none = registered();
    assertThat(good(none, A, new ReserveOut.Release(KEY_A, type)).after()).isSameAs(none);
  }

  @Test
  void shouldClear() {
    Outcome.Done done =
        good(reserved(ReservationType.EXCLUSIVE_ACCESS), B, new ReserveOut.Clear(KEY_B));
    assertThat(done.after().keys).isEmpty();
    assertThat(done.after().open).isTrue();
    assertThat(done.after().generation).isEqualTo(4);
    assertThat(done.told())
        .isEqualTo(Map.of(A, Kind.RESERVATIONS_PREEMPTED, C, Kind.RESERVATIONS_PREEMPTED));
  }

  // ---- PREEMPT --------------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(ReservationType.class)
  void shouldPreemptTheHolder(ReservationType type) {
    Reservations state = reserved(type);
    ReservationType wanted = ReservationType.EXCLUSIVE_ACCESS;
    long victims = type.allHold() ? 0 : KEY_A;
    Outcome.Done done = good(state, B, preempt(KEY_B, victims, wanted));
    assertThat(done.after().type).isEqualTo(wanted);
    assertThat(done.after().holder).isEqualTo(B);
    assertThat(done.after().generation).isEqualTo(4);
    assertThat(done.aborted()).isEmpty();
    if (type.allHold()) {
      assertThat(done.after().keys.keySet()).containsExactly(B);
      assertThat(done.told())
          .isEqualTo(Map.of(A, Kind.REGISTRATIONS_PREEMPTED, C, Kind.REGISTRATIONS_PREEMPTED));
    } else {
      assertThat(done.after().keys.keySet()).containsExactly(B, C);
      assertThat(done.told())
          .isEqualTo(
              type == wanted
                  ? Map.of(A, Kind.REGISTRATIONS_PREEMPTED)
                  : Map.of(A, Kind.REGISTRATIONS_PREEMPTED, C, Kind.RESERVATIONS_RELEASED));
      refused(state, B, preempt(KEY_B, 0, wanted), Sense.INVALID_FIELD_IN_PARAMETER_LIST);
      refused(
          state, B, new ReserveOut.Preempt(KEY_B, KEY_A, null, false), Sense.INVALID_FIELD_IN_CDB);
    }
    var aborting = new ReserveOut.Preempt(KEY_B, victims, wanted, true);
    assertThat(good(state, B, aborting).aborted())
        .isEqualTo(type.allHold() ? Set.of(A, B, C) : Set.of(A));
  }

  @ParameterizedTest
  @EnumSource(ReservationType.class)
  void shouldRemoveRegistrationsOfAnotherThanTheHolder(ReservationType type) {
    Reservations state = reserved(type);
    var request = new ReserveOut.Preempt(KEY_A, KEY_C, null, true);
    Outcome.Done done = good(state, A, request);
    assertThat(done.after().keys.keySet()).containsExactly(A, B);
    assertThat(done.after().type).isEqualTo(type);
    assertThat(done.after().holder).isEqualTo(state.holder);
    assertThat(done.told()).isEqualTo(Map.of(C, Kind.REGISTRATIONS_PREEMPTED));
    assertThat(done.aborted()).containsExactly(C);
    conflict(state, A, preempt(KEY_A, 0x77, type));
  }

  @Test
  void shouldPreemptWithoutAReservation() {
    Reservations state = registered();
    Outcome.Done done = good(state, A, preempt(KEY_A, KEY_B, ReservationType.WRITE_EXCLUSIVE));
    assertThat(done.after().keys.keySet()).containsExactly(A, C);
    assertThat(done.after().type).isNull();
    conflict(state, A, preempt(KEY_A, 0, ReservationType.WRITE_EXCLUSIVE));
    Outcome.Done own = good(state, A, preempt(KEY_A, KEY_A, ReservationType.WRITE_EXCLUSIVE));
    assertThat(own.after().keys.keySet()).containsExactly(B, C);
    assertThat(own.told()).isEmpty();
  }

  @Test
  void shouldLetAHolderPreemptItself() {
    Reservations state = reserved(ReservationType.WRITE_EXCLUSIVE);
    Outcome.Done done = good(state, A, preempt(KEY_A, KEY_A, ReservationType.EXCLUSIVE_ACCESS));
    assertThat(done.after().keys.keySet()).containsExactly(A, B, C);
    assertThat(done.after().type).isEqualTo(ReservationType.EXCLUSIVE_ACCESS);
    assertThat(done.after().holder).isEqualTo(A);
    assertThat(done.told())
        .isEqualTo(Map.of(B, Kind.RESERVATIONS_RELEASED, C, Kind.RESERVATIONS_RELEASED));
  }

  @Test
  void shouldReleaseWhatAllRegistrantsHoldWithTheLastOfThem() {
    Reservations state = good(Reservations.NONE, A, register(A, 0, KEY_A)).after();
    state = good(state, B, register(B, 0, KEY_A)).after();
    state = good(state, A, reserve(KEY_A, ReservationType.WRITE_EXCLUSIVE_ALL_REGISTRANTS)).after();
    Outcome.Done done = good(state, A, preempt(KEY_A, KEY_A, null));
    assertThat(done.after().keys).isEmpty();
    assertThat(done.after().open).isTrue();
    assertThat(done.told()).isEqualTo(Map.of(B, Kind.REGISTRATIONS_PREEMPTED));
  }

  // ---- REGISTER AND MOVE ----------------------------------------------------------------------

  @Test
  void shouldMove() {
    Reservations state = reserved(ReservationType.WRITE_EXCLUSIVE);
    var keep = new ReserveOut.Move(KEY_A, 5, D, false, true);
    Reservations moved = good(state, A, keep).after();
    assertThat(moved.holder).isEqualTo(D);
    assertThat(moved.keys).containsEntry(D, 5L).containsEntry(A, KEY_A);
    assertThat(moved.aptpl).isTrue();
    assertThat(moved.generation).isEqualTo(4);
    var leave = new ReserveOut.Move(KEY_A, 5, B, true, false);
    assertThat(good(state, A, leave).after().keys)
        .containsOnly(Map.entry(B, 5L), Map.entry(C, KEY_C));
    conflict(state, B, new ReserveOut.Move(KEY_B, 5, C, true, false));
    refused(
        state,
        A,
        new ReserveOut.Move(KEY_A, 0, D, false, false),
        Sense.INVALID_FIELD_IN_PARAMETER_LIST);
    refused(
        state,
        A,
        new ReserveOut.Move(KEY_A, 5, A, false, false),
        Sense.INVALID_FIELD_IN_PARAMETER_LIST);
    refused(registered(), A, keep, Sense.INVALID_FIELD_IN_CDB);
    conflict(reserved(ReservationType.WRITE_EXCLUSIVE_ALL_REGISTRANTS), A, keep);
  }

  // ---- RESERVE (6), RELEASE (6) ---------------------------------------------------------------

  @Test
  void shouldReserveAUnitForANexus() {
    Reservations state = ((Outcome.Done) Reservations.NONE.reserveUnit(A)).after();
    assertThat(state.unitHolder).isEqualTo(A);
    assertThat(state.reserveUnit(B)).isEqualTo(new Outcome.Conflict());
    assertThat(((Outcome.Done) state.reserveUnit(A)).after()).isSameAs(state);
    assertThat(((Outcome.Done) state.releaseUnit(B)).after()).isSameAs(state);
    assertThat(((Outcome.Done) state.releaseUnit(A)).after().open).isTrue();
    assertThat(state.withoutUnitHolder(B)).isSameAs(state);
    assertThat(state.withoutUnitHolder(A).open).isTrue();
    assertThat(state.withoutUnitHolder().open).isTrue();
    conflict(state, A, register(A, 0, KEY_A));
  }

  @ParameterizedTest
  @EnumSource(ReservationType.class)
  void shouldHandleUnitsCompatiblyWherePersistentReservationsAre(ReservationType type) {
    Reservations state = reserved(type);
    for (NexusName who : List.of(A, B, D)) {
      boolean may = who.equals(A) || type.servesRegistrants() && !who.equals(D);
      for (Outcome outcome : List.of(state.reserveUnit(who), state.releaseUnit(who))) {
        if (may) {
          assertThat(((Outcome.Done) outcome).after()).isSameAs(state);
        } else {
          assertThat(outcome).isEqualTo(new Outcome.Conflict());
        }
      }
    }
    assertThat(registered().reserveUnit(A)).isEqualTo(new Outcome.Conflict());
    assertThat(registered().releaseUnit(A)).isEqualTo(new Outcome.Conflict());
  }

  // ---- At random ------------------------------------------------------------------------------

  /** The same rules, written down once more: who has which key, who holds what. */
  private static final class Plain {
    final long[] key = new long[5];
    int type;
    int holder = -1;
    int generation;
    boolean aptpl;

    boolean isAll() {
      return type >= 7;
    }

    boolean holds(int who) {
      return type != 0 && (isAll() ? key[who] != 0 : holder == who);
    }

    void drop(int who) {
      key[who] = 0;
      if (type != 0 && (isAll() ? count() == 0 : holder == who)) {
        type = 0;
        holder = -1;
      }
    }

    int count() {
      int count = 0;
      for (long each : key) {
        count += each != 0 ? 1 : 0;
      }
      return count;
    }

    void hold(int who, int newType) {
      type = newType;
      holder = newType >= 7 ? -1 : who;
    }

    /** G for GOOD, C for a conflict, R for refused. */
    char run(int action, int who, long given, long other, int wanted, boolean keep) {
      if (action == 0 || action == 6) {
        if (action == 0 && given != key[who]) {
          return 'C';
        }
        if (other == 0 && key[who] == 0) {
          return 'G';
        }
        if (other == 0) {
          drop(who);
        } else {
          key[who] = other;
        }
        generation++;
        aptpl = keep;
        return 'G';
      }
      if (key[who] == 0 || key[who] != given) {
        return 'C';
      }
      switch (action) {
        case 1 -> {
          if (type == 0) {
            hold(who, wanted);
            return 'G';
          }
          return holds(who) && type == wanted ? 'G' : 'C';
        }
        case 2 -> {
          if (!holds(who)) {
            return 'G';
          }
          if (type != wanted) {
            return 'R';
          }
          type = 0;
          holder = -1;
          return 'G';
        }
        case 3 -> {
          java.util.Arrays.fill(key, 0);
          type = 0;
          holder = -1;
          generation++;
          return 'G';
        }
        case 4 -> {
          return preempt(who, other, wanted);
        }
        default -> {
          return move(who, other, wanted % 5, keep);
        }
      }
    }

    private char preempt(int who, long other, int wanted) {
      if (other == 0 && type != 0 && !isAll()) {
        return 'R';
      }
      if (other == 0 && type == 0) {
        return 'C';
      }
      boolean any = other == 0;
      boolean held = other == 0;
      for (int i = 0; i < key.length; i++) {
        any |= key[i] == other;
        held |= !isAll() && key[i] == other && holds(i);
      }
      if (!any) {
        return 'C';
      }
      long own = key[who];
      for (int i = 0; i < key.length; i++) {
        if (key[i] != 0 && (other == 0 || key[i] == other)) {
          drop(i);
        }
      }
      if (held) {
        key[who] = own;
        hold(who, wanted);
      }
      generation++;
      return 'G';
    }

    private char move(int who, long other, int to, boolean leave) {
      if (type == 0) {
        return 'R';
      }
      if (isAll() || holder != who) {
        return 'C';
      }
      if (other == 0 || to == who) {
        return 'R';
      }
      key[to] = other;
      holder = to;
      if (leave) {
        key[who] = 0;
      }
      generation++;
      aptpl = leave;
      return 'G';
    }
  }

  private static ReserveOut request(
      int action,
      NexusName who,
      long given,
      long other,
      int wanted,
      boolean keep,
      NexusName[] all) {
    ReservationType type = ReservationType.of(wanted);
    return switch (action) {
      case 0, 6 ->
          new ReserveOut.Register(given, other, action == 6, List.of(who), Optional.empty(), keep);
      case 1 -> new ReserveOut.Reserve(given, type);
      case 2 -> new ReserveOut.Release(given, type);
      case 3 -> new ReserveOut.Clear(given);
      case 4 -> new ReserveOut.Preempt(given, other, type, keep);
      default -> new ReserveOut.Move(given, other, all[wanted % 5], keep, keep);
    };
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 20_261_124})
  void shouldDoAtRandomWhatThePlainRulesSay(long seed) {
    Random random = new Random(seed);
    NexusName[] all = {A, B, C, D, nexus("a", 1)};
    int[] types = {1, 3, 5, 6, 7, 8};
    for (int life = 0; life < 200; life++) {
      Plain plain = new Plain();
      Reservations state = Reservations.NONE;
      for (int step = 0; step < 100; step++) {
        int action =
            random.nextInt(20) == 0 ? 3 : List.of(0, 0, 1, 1, 2, 4, 4, 6, 7).get(random.nextInt(9));
        int who = random.nextInt(all.length);
        long given = random.nextInt(4) == 0 ? random.nextInt(4) : plain.key[who];
        long other = random.nextInt(4);
        int wanted = types[random.nextInt(types.length)];
        boolean keep = random.nextBoolean();
        String as = "seed %d, life %d, step %d".formatted(seed, life, step);
        ReserveOut request = request(action, all[who], given, other, wanted, keep, all);
        Outcome outcome = state.apply(all[who], request);
        char expected = plain.run(action, who, given, other, wanted, keep);
        char found =
            switch (outcome) {
              case Outcome.Done _ -> 'G';
              case Outcome.Conflict _ -> 'C';
              case Outcome.Refused _ -> 'R';
            };
        assertThat(found).as("%s: %s", as, request).isEqualTo(expected);
        if (outcome instanceof Outcome.Done done) {
          state = done.after();
          assertThat(done.told()).doesNotContainKey(all[who]);
        }
        same(state, plain, all, as);
      }
      assertThat(ReservationCodec.decode("p", ReservationCodec.encode("p", state)))
          .usingRecursiveComparison()
          .isEqualTo(state);
    }
  }

  private static void same(Reservations state, Plain plain, NexusName[] all, String as) {
    for (int i = 0; i < all.length; i++) {
      assertThat(state.keys.getOrDefault(all[i], 0L)).as(as).isEqualTo(plain.key[i]);
      assertThat(state.isHeldBy(all[i])).as(as).isEqualTo(plain.holds(i));
      boolean writes = plain.type == 0 || plain.holds(i) || plain.type >= 5 && plain.key[i] != 0;
      boolean reads = writes || plain.type == 1 || plain.type == 5 || plain.type == 7;
      assertThat(!state.conflicts(CommandAccess.WRITE, all[i])).as(as).isEqualTo(writes);
      assertThat(!state.conflicts(CommandAccess.READ, all[i])).as(as).isEqualTo(reads);
    }
    assertThat(state.type == null ? 0 : state.type.code).as(as).isEqualTo(plain.type);
    assertThat(state.generation).as(as).isEqualTo(plain.generation);
    if (!state.keys.isEmpty()) {
      assertThat(state.aptpl).as(as).isEqualTo(plain.aptpl);
    }
  }
}
