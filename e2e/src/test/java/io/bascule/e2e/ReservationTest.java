package io.bascule.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.ControllerId;
import io.bascule.core.chassis.ControllerBoot;
import io.bascule.host.initiator.InitiatorOptions;
import io.bascule.host.initiator.ScsiCommand;
import io.bascule.host.initiator.ScsiResult;
import io.bascule.host.initiator.Session;
import io.bascule.host.initiator.TargetUrl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A host's persistent reservations over handover, death and power cycle of the appliance. */
class ReservationTest {
  private static final long KEY = 0xBA5C01EL;
  private static final int REGISTER_AND_IGNORE = 6;
  private static final int RESERVE = 1;
  private static final int RELEASE = 2;
  private static final int WRITE_EXCLUSIVE_REGISTRANTS_ONLY = 5;
  private static final int APTPL = 1;
  private static final int UNIT_ATTENTION = 6;

  /** One volume, with a host that holds it and another. */
  private record Volume(Session holder, Session other) implements AutoCloseable {
    static Volume open(Appliance appliance, String name, int flags) throws IOException {
      appliance.volume(name, "64M");
      var url = TargetUrl.parse(appliance.url(name));
      var volume =
          new Volume(
              Session.connect(url, InitiatorOptions.defaults().withName("iqn.2026-11.example:one")),
              Session.connect(
                  url, InitiatorOptions.defaults().withName("iqn.2026-11.example:two")));
      reserveOut(volume.holder, REGISTER_AND_IGNORE, 0, 0, KEY, flags);
      reserveOut(volume.holder, RESERVE, WRITE_EXCLUSIVE_REGISTRANTS_ONLY, KEY, 0, 0);
      return volume;
    }

    void assertHeld() throws IOException {
      assertThat(write(other)).isEqualTo(ScsiResult.RESERVATION_CONFLICT);
      assertThat(write(holder)).isEqualTo(ScsiResult.GOOD);
      assertThat(keys(holder)).isEqualTo(1);
    }

    void assertFree() throws IOException {
      assertThat(write(other)).isEqualTo(ScsiResult.GOOD);
      assertThat(keys(holder)).isZero();
    }

    @Override
    public void close() {
      holder.close();
      other.close();
    }
  }

  private static void reserveOut(
      Session host, int action, int type, long key, long newKey, int flags) throws IOException {
    ByteBuffer cdb = ByteBuffer.allocate(10).put((byte) 0x5F).put((byte) action).put((byte) type);
    cdb.putInt(5, 24);
    ByteBuffer list = ByteBuffer.allocate(24).putLong(key).putLong(newKey);
    list.put(20, (byte) flags);
    var command = ScsiCommand.out("PERSISTENT RESERVE OUT", cdb.array(), list.array());
    assertThat(result(host, command).status()).isEqualTo(ScsiResult.GOOD);
  }

  private static int keys(Session host) throws IOException {
    byte[] into = new byte[64];
    ByteBuffer cdb = ByteBuffer.allocate(10).put((byte) 0x5E).put(8, (byte) into.length);
    var command = ScsiCommand.in("PERSISTENT RESERVE IN", cdb.array(), into);
    assertThat(result(host, command).status()).isEqualTo(ScsiResult.GOOD);
    return ByteBuffer.wrap(into).getInt(4) / Long.BYTES;
  }

  private static int write(Session host) throws IOException {
    return result(host, ScsiCommand.write16(0, new byte[512], 0, 1, false)).status();
  }

  /** Unit attentions are told once each. */
  private static ScsiResult result(Session host, ScsiCommand command) throws IOException {
    for (int i = 0; ; i++) {
      var result = host.execute(command);
      var sense = result.sense();
      if (sense == null || sense.key() != UNIT_ATTENTION || i == 10) {
        return result;
      }
    }
  }

  private static void power(Appliance appliance, String how, ControllerId id) {
    String number = Integer.toString(id.number());
    appliance.bascule("controller", "power-" + how, number, "--yes").ok();
  }

  @Test
  void shouldOutliveControllersAndEndWithThePowerUnlessItIsToPersist() throws IOException {
    try (var appliance = Appliance.create("reservation")) {
      appliance.anyHost();
      try (var plain = Volume.open(appliance, "plain", 0);
          var persistent = Volume.open(appliance, "persistent", APTPL)) {
        plain.assertHeld();
        persistent.assertHeld();

        ControllerId was = appliance.awaitActive();
        appliance.bascule("controller", "handover").ok();
        appliance.eventually(
            "the other is active", () -> appliance.active().equals(Optional.of(was.other())));
        plain.assertHeld();
        persistent.assertHeld();
        appliance.awaitRedundant("1.2.1");

        try (var late = Volume.open(appliance, "late", 0)) {
          appliance.kill(was.other()); // at once: it was told GOOD
          late.assertHeld();
          plain.assertHeld();
          persistent.assertHeld();
        }
        appliance.awaitRedundant("1.2.1");

        power(appliance, "off", was.other());
        plain.assertHeld();
        power(appliance, "off", was);
        appliance.eventually(
            "both are off",
            () -> appliance.boots().values().stream().noneMatch(ControllerBoot::hasPower));
        power(appliance, "on", was);
        power(appliance, "on", was.other());
        persistent.assertHeld();
        plain.assertFree();

        appliance.bascule("down").ok();
        appliance.up();
        persistent.assertHeld();
      }
    }
  }

  /** What a host reserves on either release holds on both. */
  @Test
  void shouldOutliveAnUpgradeAndItsCancel() throws IOException {
    try (var appliance = Appliance.create("reservation-cancel", "--release", "1.2.2")) {
      appliance.anyHost();
      appliance.addPackage("2.0.1");
      try (var before = Volume.open(appliance, "before", 0)) {
        Migrating.start(appliance, "phase-2", 1);
        Migrating.awaitPausedAt(appliance, "PHASE_2");
        before.assertHeld();
        reserveOut(before.holder, REGISTER_AND_IGNORE, 0, 0, KEY + 1, 0);
        appliance.cancel("").ok();
        appliance.awaitState("CANCELED");
        appliance.awaitRedundant("1.2.2");
        before.assertHeld();
        // With the key that was registered while 2.0.1 was active.
        reserveOut(before.holder, RELEASE, WRITE_EXCLUSIVE_REGISTRANTS_ONLY, KEY + 1, 0, 0);
        assertThat(write(before.other)).isEqualTo(ScsiResult.GOOD);
      }
    }
  }
}
