package io.bascule.iscsi;

/**
 * What lies between a command PDU and the command itself (SAM-5, 4.6 and 5.14; SPC-4, 5.15.2): the
 * unit it is for, reservations of others, unit attentions, the access state of the way it came,
 * write protection. Without state of its own; called by whoever holds the connection's lock.
 */
final class TaskRouter {
  private TaskRouter() {}

  /** Starts the command, or answers why not. */
  static void route(Nexus nexus, Task task) {
    Command command = Commands.find(task.cdb);
    LogicalUnit unit = nexus.view.unit(task.lun);
    task.unit = unit;
    if (unit == null && (command == null || !command.withoutUnit())) {
      nexus.fail(task, Sense.LUN_NOT_SUPPORTED);
      return;
    }
    if (command == null) {
      nexus.fail(
          task,
          Commands.knowsOpcode(task.cdb[0]) ? Sense.INVALID_FIELD_IN_CDB : Sense.INVALID_OPCODE);
      return;
    }
    if (unit != null) {
      if (unit.guard.conflicts(command, task.cdb, nexus.name)) {
        nexus.conflict(task); // before any unit attention (SAM-5, 5.3.3)
        return;
      }
      Sense attention = command.withoutUnit() ? null : nexus.view.unitAttentions.take(task.lun);
      if (attention != null) {
        nexus.fail(task, attention);
        return;
      }
      if (!command.inStandby() && !reachable(nexus, task, unit)) {
        return;
      }
      if (command.writes() && unit.modes.writeProtected()) {
        nexus.fail(task, Sense.SOFTWARE_WRITE_PROTECTED);
        return;
      }
      task.volume = unit.volume;
    }
    command.start().run(nexus, task);
  }

  /** Refuses the command unless this way to the unit is active. */
  private static boolean reachable(Nexus nexus, Task task, LogicalUnit unit) {
    AccessState state = nexus.view.model().access(nexus.portal.groupTag());
    if (state == AccessState.ACTIVE_OPTIMIZED && unit.volume != null) {
      return true;
    }
    if (nexus.portal.floating()) {
      // Never "not ready" here: QEMU would make an I/O error of it. BUSY is tried again.
      nexus.busy(task);
    } else {
      nexus.fail(
          task,
          switch (state) {
            case STANDBY -> Sense.ALUA_STANDBY;
            case TRANSITIONING -> Sense.ALUA_TRANSITION;
            case ACTIVE_OPTIMIZED -> Sense.BECOMING_READY;
          });
    }
    return false;
  }
}
