package io.bascule.iscsi;

import static io.bascule.iscsi.Command.Needs.MEDIUM;

import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the target can do: REPORT SUPPORTED OPERATION CODES and its sister (SPC-4, 6.35, 6.36). */
final class SupportedCommands {
  static final List<Command> COMMANDS =
      List.of(
          Command.ofAction(
              "REPORT SUPPORTED OPERATION CODES",
              "A3 0C 87 FF FF FF FF FF FF FF 00 00",
              MEDIUM,
              SupportedCommands::opcodes),
          Command.ofAction(
              "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS",
              "A3 0D 80 00 00 00 FF FF FF FF 00 00",
              MEDIUM,
              SupportedCommands::managementFunctions));

  private static final int ALL = 0;
  private static final int ONE_WITHOUT_ACTION = 1;
  private static final int ONE_WITH_ACTION = 2;
  private static final int ONE_OF_EITHER_KIND = 3;

  private SupportedCommands() {}

  private static void opcodes(Nexus nexus, Task task) {
    boolean timeouts = (task.cdb8(2) & 0x80) != 0;
    int option = task.cdb8(2) & 7;
    ByteBuffer out = nexus.scratch.clear();
    if (option == ALL) {
      out.putInt(0);
      for (Command command : Commands.all()) {
        list(command, timeouts, out);
      }
      out.putInt(0, out.position() - 4);
    } else {
      int opcode = task.cdb8(3);
      boolean hasActions = Commands.hasActions(opcode);
      if (option > ONE_OF_EITHER_KIND
          || option == ONE_WITHOUT_ACTION && hasActions
          || option == ONE_WITH_ACTION && !hasActions) {
        nexus.failField(task, 2);
        return;
      }
      one(Commands.find(opcode, task.cdb16(4)), timeouts, out);
    }
    nexus.reply(task, out, task.cdbUnsigned32(6));
  }

  private static void list(Command command, boolean timeouts, ByteBuffer out) {
    boolean action = command.serviceAction() != Command.NO_ACTION;
    out.put((byte) command.opcode()).put((byte) 0);
    out.putShort((short) (action ? command.serviceAction() : 0));
    out.put((byte) 0).put((byte) ((timeouts ? 2 : 0) | (action ? 1 : 0)));
    out.putShort((short) command.usage().length);
    if (timeouts) {
      timeouts(out);
    }
  }

  private static void one(@Nullable Command command, boolean timeouts, ByteBuffer out) {
    if (command == null) {
      out.putInt(0x00010000); // not supported
      return;
    }
    out.put((byte) 0).put((byte) ((timeouts ? 0x80 : 0) | 3)); // as the standard has it
    out.putShort((short) command.usage().length);
    out.put(command.usage());
    if (timeouts) {
      timeouts(out);
    }
  }

  /** A timeouts descriptor that recommends nothing. */
  private static void timeouts(ByteBuffer out) {
    out.putShort((short) 10).putShort((short) 0).putLong(0);
  }

  private static void managementFunctions(Nexus nexus, Task task) {
    boolean longer = (task.cdb8(2) & 0x80) != 0;
    long allocation = task.cdbUnsigned32(6);
    if (allocation < 4) {
      nexus.fail(task, Sense.INVALID_FIELD_IN_CDB);
      return;
    }
    ByteBuffer out = nexus.scratch.clear();
    out.putInt(0xDA000000); // abort task, abort and clear task set, LUN and target reset
    if (longer) {
      out.put(3, (byte) 12).putLong(0).putInt(0);
    }
    nexus.reply(task, out, allocation);
  }
}
