package io.bascule.host.initiator;

import org.jspecify.annotations.Nullable;

/**
 * How a command ended.
 *
 * @param status the SCSI status (SAM-5, 5.3.1); 0 is GOOD
 * @param senseBytes sense data as received, empty without
 * @param received bytes of data received into the command's buffer
 */
@SuppressWarnings("ArrayRecordComponent") // as received; compare sense()
public record ScsiResult(int status, byte[] senseBytes, int received) {
  public static final int GOOD = 0x00;
  public static final int CHECK_CONDITION = 0x02;
  public static final int BUSY = 0x08;
  public static final int RESERVATION_CONFLICT = 0x18;
  public static final int TASK_SET_FULL = 0x28;
  public static final int TASK_ABORTED = 0x40;

  public boolean good() {
    return status == GOOD;
  }

  public @Nullable Sense sense() {
    return Sense.parse(senseBytes);
  }

  @Override
  public String toString() {
    Sense sense = sense();
    return switch (status) {
      case GOOD -> "GOOD";
      case CHECK_CONDITION ->
          "CHECK CONDITION" + (sense == null ? "" : " " + sense + sense.inWords());
      case BUSY -> "BUSY";
      case RESERVATION_CONFLICT -> "RESERVATION CONFLICT";
      case TASK_SET_FULL -> "TASK SET FULL";
      case TASK_ABORTED -> "TASK ABORTED";
      default -> String.format("status %02x", status);
    };
  }
}
