package io.bascule.cli.screen;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** How large the terminal is, asked of the kernel: ioctl TIOCGWINSZ on standard output. */
final class TerminalSize {
  private static final long TIOCGWINSZ = 0x5413;
  private static final int DEFAULT_COLUMNS = 100;
  private static final int DEFAULT_ROWS = 40;
  private static final MethodHandle IOCTL =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("ioctl"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.ADDRESS),
              Linker.Option.firstVariadicArg(2));

  private TerminalSize() {}

  /** Columns; a usual number where standard output has none. */
  static int columns() {
    return ask(1, DEFAULT_COLUMNS);
  }

  /** Rows; a usual number where standard output has none. */
  static int rows() {
    return ask(0, DEFAULT_ROWS);
  }

  private static int ask(int field, int otherwise) {
    try (var arena = Arena.ofConfined()) {
      // struct winsize: rows, columns, and two numbers of pixels
      var size = arena.allocate(ValueLayout.JAVA_SHORT, 4);
      int result = (int) IOCTL.invokeExact(1, TIOCGWINSZ, size);
      int value = size.getAtIndex(ValueLayout.JAVA_SHORT, field);
      return result == 0 && value > 0 ? value : otherwise;
    } catch (Throwable e) {
      throw new IllegalStateException("ioctl", e);
    }
  }
}
