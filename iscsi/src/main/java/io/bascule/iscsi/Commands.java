package io.bascule.iscsi;

import io.bascule.core.Check;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The table of SCSI commands, put together from those of the families. To add a command is to add a
 * row to its family's {@code COMMANDS}; to add a family is to name it here.
 */
final class Commands {
  private static final int SERVICE_ACTIONS = 32;

  private static final List<List<Command>> FAMILIES =
      List.of(
          UnitState.COMMANDS,
          Inquiry.COMMANDS,
          Modes.COMMANDS,
          Reports.COMMANDS,
          SupportedCommands.COMMANDS,
          ReadWrite.COMMANDS,
          Compare.COMMANDS,
          Provisioning.COMMANDS,
          Defects.COMMANDS,
          ExtendedCopy.COMMANDS,
          PersistentReserve.COMMANDS,
          ReserveUnit.COMMANDS);

  private static final List<Command> ALL;
  private static final @Nullable Command[] PLAIN = new @Nullable Command[256];
  private static final @Nullable Command[] @Nullable [] WITH_ACTION =
      new @Nullable Command[256] @Nullable [];

  static {
    List<Command> all = new ArrayList<>();
    FAMILIES.forEach(all::addAll);
    all.sort(Comparator.comparingInt(Command::opcode).thenComparing(Command::serviceAction));
    ALL = List.copyOf(all);
    for (Command command : ALL) {
      Check.that(!knowsOpcode((byte) command.opcode()) || isNewAction(command), command.name());
      enter(command);
    }
  }

  private Commands() {}

  private static boolean isNewAction(Command command) {
    return command.serviceAction() != Command.NO_ACTION
        && hasActions(command.opcode())
        && find(command.opcode(), command.serviceAction()) == null;
  }

  private static void enter(Command command) {
    int opcode = command.opcode();
    if (command.serviceAction() == Command.NO_ACTION) {
      PLAIN[opcode] = command;
      return;
    }
    @Nullable Command[] actions = WITH_ACTION[opcode];
    if (actions == null) {
      actions = new @Nullable Command[SERVICE_ACTIONS];
      WITH_ACTION[opcode] = actions;
    }
    actions[command.serviceAction()] = command;
  }

  /** By opcode, then by service action. */
  static List<Command> all() {
    return ALL;
  }

  static @Nullable Command find(byte[] cdb) {
    return find(cdb[0] & 0xFF, cdb[1] & 0x1F);
  }

  /** The service action counts only for opcodes that have some. */
  static @Nullable Command find(int opcode, int action) {
    @Nullable Command[] actions = WITH_ACTION[opcode];
    if (actions == null) {
      return PLAIN[opcode];
    }
    return action < SERVICE_ACTIONS ? actions[action] : null;
  }

  static boolean knowsOpcode(byte opcode) {
    return PLAIN[opcode & 0xFF] != null || hasActions(opcode & 0xFF);
  }

  static boolean hasActions(int opcode) {
    return WITH_ACTION[opcode] != null;
  }
}
