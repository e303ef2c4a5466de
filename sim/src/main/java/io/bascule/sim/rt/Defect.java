package io.bascule.sim.rt;

/**
 * A deliberate mistake in the product's code, planted while it is loaded. The production classes
 * have no switch for it.
 *
 * @param name says what is wrong, in a few words
 * @param type the class, below {@code io.bascule}
 * @param method every method of that name in it, lambdas of it too
 * @param edit the mistake
 */
public record Defect(String name, String type, String method, Edit edit) {
  /** What is done to the code. */
  public sealed interface Edit {
    /**
     * Calls of that method are left out: their arguments are evaluated, and they give {@code
     * result} (a number or a boolean) if they give anything. One that would give its own kind gives
     * the object it was called on.
     *
     * @param nth which of them in the order of the code, from 1; 0 is all
     */
    record NoCall(String callee, int nth, int result) implements Edit {}

    /** The method does nothing, and gives {@code result}. */
    record Nothing(int result) implements Edit {}

    /** The {@code nth} condition in the order of the code, from 1, is taken the other way round. */
    record Negated(int nth) implements Edit {}

    /** What stands under the {@code nth} condition, from 1, is never done. */
    record Never(int nth) implements Edit {}

    /** A constant is another one: {@code from} to {@code to}, wherever it stands. */
    record Constant(long from, long to) implements Edit {}

    /** Wherever the static field {@code from} is read, {@code to} of the same class is. */
    record OtherField(String from, String to) implements Edit {}

    /** {@code world.Mischief} does that first. */
    record First(String mischief) implements Edit {}

    /** A call of {@code callee} becomes one of {@code instead}, of the same class and shape. */
    record OtherCall(String callee, String instead) implements Edit {}
  }

  @Override
  public String toString() {
    return name;
  }
}
