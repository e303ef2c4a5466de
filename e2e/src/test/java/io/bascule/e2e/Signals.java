package io.bascule.e2e;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** kill(2), at once: a command would take as long as what is to be caught. */
final class Signals {
  static final int KILL = 9;
  static final int CONTINUE = 18;
  static final int STOP = 19;

  private static final MethodHandle KILL_CALL =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().find("kill").orElseThrow(),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

  private Signals() {}

  /** Whether there was such a process. */
  static boolean send(long pid, int signal) {
    if (pid <= 1) {
      throw new IllegalArgumentException("no process: " + pid);
    }
    try {
      return (int) KILL_CALL.invokeExact((int) pid, signal) == 0;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
