package io.bascule.controller.service;

import io.bascule.core.ControllerId;
import io.bascule.core.Slot;
import org.jspecify.annotations.Nullable;

/** What an operator does to the controllers. Each answers with a sentence on what happens now. */
public interface ControllerService {
  /** Refused with UPGRADE_RUNNING while an upgrade runs, NOT_REDUNDANT without a standby. */
  String handover(String by);

  /** Rebooting the active controller is a handover. Refused while an upgrade runs. */
  String reboot(ControllerId id, String by);

  /** Always possible; powering off the active makes the standby take over. */
  String powerOff(ControllerId id, String by);

  String powerOn(ControllerId id, @Nullable Slot slot, String by);
}
