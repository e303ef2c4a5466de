package io.bascule.sim.world;

/** An oracle's verdict: what the product promises did not hold. */
final class Violation extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String oracle;

  Violation(String oracle, String detail) {
    super(oracle + ": " + detail);
    this.oracle = oracle;
  }

  String oracle() {
    return oracle;
  }
}
