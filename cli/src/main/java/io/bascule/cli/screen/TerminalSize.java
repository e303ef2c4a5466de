package io.bascule.cli.screen;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** How wide the terminal is, asked of the kernel: ioctl TIOCGWINSZ on standard output. */
final class TerminalSize {
  private static final long TIOCGWINSZ = 0x5413;
  private static final int DEFAULT_COLUMNS = 100;
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
    try (var arena = Arena.ofConfined()) {
      // struct winsize: rows, columns, and two numbers of pixels
      var size = arena.allocate(ValueLayout.JAVA_SHORT, 4);
      int result = (int) IOCTL.invokeExact(1, TIOCGWINSZ, size);
      int columns = size.getAtIndex(ValueLayout.JAVA_SHORT, 1);
      return result == 0 && columns > 0 ? columns : DEFAULT_COLUMNS;
    } catch (Throwable e) {
      throw new IllegalStateException("ioctl", e);
    }
  }
}
