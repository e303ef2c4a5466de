package io.bascule.iscsi;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The table of SCSI commands. To add one is to add a line. */
final class Commands {
  private static final int SERVICE_ACTIONS = 32;

  private static final @Nullable Command[] PLAIN = new @Nullable Command[256];
  private static final @Nullable Command[] @Nullable [] WITH_ACTION =
      new @Nullable Command[256] @Nullable [];
  private static final List<Command> ALL = new ArrayList<>();

  private enum Needs {
    /** A medium behind it: an active path. */
    MEDIUM,
    /** A unit, in whatever state. */
    UNIT,
    NOTHING
  }

  static {
    add("00 00 00 00 00 00", Needs.MEDIUM, Nexus::good);
    add("03 01 00 00 FF 00", Needs.NOTHING, Reports::requestSense);
    add("12 01 FF FF FF 00", Needs.NOTHING, Inquiry::inquiry);
    add("1A 08 FF FF FF 00", Needs.UNIT, Modes::sense6);
    add("5A 18 FF FF 00 00 00 FF FF 00", Needs.UNIT, Modes::sense10);
    add("1B 01 00 00 01 00", Needs.MEDIUM, Nexus::good);
    add("1E 00 00 00 03 00", Needs.MEDIUM, Nexus::good);
    add("25 00 FF FF FF FF 00 00 00 00", Needs.MEDIUM, Reports::readCapacity10);
    addAction(
        0x10,
        "9E 10 FF FF FF FF FF FF FF FF FF FF FF FF 00 00",
        Needs.MEDIUM,
        Reports::readCapacity16);
    addAction(
        0x12,
        "9E 12 FF FF FF FF FF FF FF FF FF FF FF FF 00 00",
        Needs.MEDIUM,
        Provisioning::getLbaStatus);
    add("A0 00 FF 00 00 00 FF FF FF FF 00 00", Needs.NOTHING, Reports::reportLuns);
    addAction(0x0A, "A3 EA 00 00 00 00 FF FF FF FF 00 00", Needs.UNIT, Reports::targetPortGroups);
    addAction(0x0C, "A3 0C 87 FF FF FF FF FF FF FF 00 00", Needs.MEDIUM, Reports::opcodes);
    addAction(
        0x0D, "A3 0D 80 00 00 00 FF FF FF FF 00 00", Needs.MEDIUM, Reports::managementFunctions);

    add("08 1F FF FF FF 00", Needs.MEDIUM, ReadWrite::read6);
    add("28 18 FF FF FF FF 00 FF FF 00", Needs.MEDIUM, ReadWrite::read10);
    add("A8 18 FF FF FF FF FF FF FF FF 00 00", Needs.MEDIUM, ReadWrite::read12);
    add("88 18 FF FF FF FF FF FF FF FF FF FF FF FF 00 00", Needs.MEDIUM, ReadWrite::read16);
    add("0A 1F FF FF FF 00", Needs.MEDIUM, ReadWrite::write6);
    add("2A 18 FF FF FF FF 00 FF FF 00", Needs.MEDIUM, ReadWrite::write10);
    add("AA 18 FF FF FF FF FF FF FF FF 00 00", Needs.MEDIUM, ReadWrite::write12);
    add("8A 18 FF FF FF FF FF FF FF FF FF FF FF FF 00 00", Needs.MEDIUM, ReadWrite::write16);
    add("35 02 FF FF FF FF 00 FF FF 00", Needs.MEDIUM, ReadWrite::synchronizeCache10);
    add(
        "91 02 FF FF FF FF FF FF FF FF FF FF FF FF 00 00",
        Needs.MEDIUM,
        ReadWrite::synchronizeCache16);
    add("34 02 FF FF FF FF 00 FF FF 00", Needs.MEDIUM, ReadWrite::preFetch10);
    add("90 02 FF FF FF FF FF FF FF FF FF FF FF FF 00 00", Needs.MEDIUM, ReadWrite::preFetch16);

    add("89 18 FF FF FF FF FF FF FF FF 00 00 00 FF 00 00", Needs.MEDIUM, Compare::compareAndWrite);
    add("8B 18 FF FF FF FF FF FF FF FF FF FF FF FF 00 00", Needs.MEDIUM, Compare::orWrite);
    add("2F 16 FF FF FF FF 00 FF FF 00", Needs.MEDIUM, Compare::verify10);
    add("AF 16 FF FF FF FF FF FF FF FF 00 00", Needs.MEDIUM, Compare::verify12);
    add("8F 16 FF FF FF FF FF FF FF FF FF FF FF FF 00 00", Needs.MEDIUM, Compare::verify16);
    add("2E 12 FF FF FF FF 00 FF FF 00", Needs.MEDIUM, Compare::writeAndVerify10);
    add("AE 12 FF FF FF FF FF FF FF FF 00 00", Needs.MEDIUM, Compare::writeAndVerify12);
    add("8E 12 FF FF FF FF FF FF FF FF FF FF FF FF 00 00", Needs.MEDIUM, Compare::writeAndVerify16);

    add("42 00 00 00 00 00 00 FF FF 00", Needs.MEDIUM, Provisioning::unmap);
    add("41 08 FF FF FF FF 00 FF FF 00", Needs.MEDIUM, Provisioning::writeSame10);
    add("93 09 FF FF FF FF FF FF FF FF FF FF FF FF 00 00", Needs.MEDIUM, Provisioning::writeSame16);
  }

  private Commands() {}

  private static void add(String usage, Needs needs, Task.Step start) {
    Command command = make(usage, -1, needs, start);
    PLAIN[command.opcode()] = command;
  }

  private static void addAction(int action, String usage, Needs needs, Task.Step start) {
    Command command = make(usage, action, needs, start);
    @Nullable Command[] actions = WITH_ACTION[command.opcode()];
    if (actions == null) {
      actions = new @Nullable Command[SERVICE_ACTIONS];
      WITH_ACTION[command.opcode()] = actions;
    }
    actions[action] = command;
  }

  private static Command make(String usage, int action, Needs needs, Task.Step start) {
    byte[] bitmap = HexFormat.ofDelimiter(" ").parseHex(usage);
    Command command =
        new Command(
            bitmap[0] & 0xFF, action, bitmap, needs == Needs.NOTHING, needs != Needs.MEDIUM, start);
    ALL.add(command);
    return command;
  }

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
