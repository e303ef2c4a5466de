package io.bascule.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.iscsi.Reservations.Outcome;
import io.bascule.iscsi.TargetCore.NexusName;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ReservationCodecTest {
  private static final NexusName A = new NexusName("iqn.a", 0x800000000001L, 3);
  private static final NexusName B = new NexusName("iqn.b", 2, 1);

  /** What version 1 is, to the byte: releases of both sides of an upgrade read it. */
  private static final String GOLDEN =
      "0101050000000200000001700002"
          + "00000000000000aa00008000000000010003000569716e2e61"
          + "00000000000000aa00000000000000020001000569716e2e62";

  private static Reservations state(ReservationType type, boolean aptpl) {
    var both = new ReserveOut.Register(0, 0xAA, false, List.of(A), Optional.empty(), aptpl);
    var other = new ReserveOut.Register(0, 0xAA, false, List.of(B), Optional.empty(), aptpl);
    Reservations state = after(Reservations.NONE.apply(A, both));
    state = after(state.apply(B, other));
    return after(state.apply(A, new ReserveOut.Reserve(0xAA, type)));
  }

  private static Reservations after(Outcome outcome) {
    return ((Outcome.Done) outcome).after();
  }

  @Test
  void shouldWriteWhatItHasAlwaysWritten() {
    Reservations state = state(ReservationType.WRITE_EXCLUSIVE_REGISTRANTS_ONLY, true);
    assertThat(HexFormat.of().formatHex(ReservationCodec.encode("p", state))).isEqualTo(GOLDEN);
    assertThat(ReservationCodec.decode("p", HexFormat.of().parseHex(GOLDEN)))
        .usingRecursiveComparison()
        .isEqualTo(state);
  }

  @ParameterizedTest
  @EnumSource(ReservationType.class)
  void shouldEndWithThePowerUnlessItIsToPersist(ReservationType type) {
    byte[] volatileOne = ReservationCodec.encode("p", state(type, false));
    byte[] persistent = ReservationCodec.encode("p", state(type, true));
    assertThat(ReservationCodec.decode("p", volatileOne))
        .usingRecursiveComparison()
        .isEqualTo(state(type, false));
    assertThat(ReservationCodec.decode("q", volatileOne)).isSameAs(Reservations.NONE);
    Reservations kept = ReservationCodec.decode("q", persistent);
    assertThat(kept)
        .usingRecursiveComparison()
        .ignoringFields("generation")
        .isEqualTo(state(type, true));
    assertThat(kept).extracting(each -> each.generation).isEqualTo(0);
  }

  @Test
  void shouldNotReadWhatIsDamaged() {
    byte[] whole = HexFormat.of().parseHex(GOLDEN);
    for (int length = 0; length < whole.length; length++) {
      assertThat(ReservationCodec.decode("p", java.util.Arrays.copyOf(whole, length))).isNull();
    }
    assertThat(ReservationCodec.decode("p", java.util.Arrays.copyOf(whole, whole.length + 1)))
        .isNull();
    for (int[] change :
        new int[][] {{0, 2}, {1, 2}, {1, 0x81}, {2, 2}, {2, 7}, {8, 2}, {7, 0x80}}) {
      byte[] changed = whole.clone();
      changed[change[0]] = (byte) change[1];
      assertThat(ReservationCodec.decode("p", changed)).as("byte %d", change[0]).isNull();
    }
    Random random = new Random(5);
    for (int i = 0; i < 20_000; i++) {
      byte[] changed = whole.clone();
      for (int j = random.nextInt(3); j >= 0; j--) {
        changed[random.nextInt(changed.length)] = (byte) random.nextInt();
      }
      ReservationCodec.decode("p", changed); // throws nothing
    }
  }

  @Test
  void shouldLetNobodyUseAUnitWhoseReservationsCannotBeRead() {
    Reservations state = Reservations.unreadable();
    assertThat(state.conflicts(CommandAccess.READ, A)).isTrue();
    state =
        after(
            state.apply(
                A, new ReserveOut.Register(0, 1, false, List.of(A), Optional.empty(), false)));
    assertThat(state.conflicts(CommandAccess.READ, A)).isTrue();
    assertThat(after(state.apply(A, new ReserveOut.Clear(1))).open).isTrue();
    assertThat(
            after(
                    state.apply(
                        A, new ReserveOut.Preempt(1, -1, ReservationType.WRITE_EXCLUSIVE, false)))
                .holder)
        .isEqualTo(A);
  }
}
