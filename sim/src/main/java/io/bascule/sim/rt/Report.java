package io.bascule.sim.rt;

/**
 * What became of a run.
 *
 * @param verdict the oracle that objected; empty if none did
 * @param outcome which upgrade, and how it ended
 * @param choices how often a thread was chosen
 * @param millis of virtual time
 * @param hash of the trace
 * @param knobs what the run was made of, as {@link Stage.Play} takes it
 * @param foreign wake-ups from outside of the simulation, which there should not be
 */
public record Report(
    long seed,
    String verdict,
    String detail,
    String outcome,
    long choices,
    long millis,
    long hash,
    long foreign,
    long commands,
    long blows,
    long losses,
    String knobs) {

  public boolean isGood() {
    return verdict.isEmpty();
  }

  @Override
  public String toString() {
    return "seed %d: %s %s, %d events, %d ms, %d commands, %d blows, %d losses, trace %016x%s"
        .formatted(
            seed,
            isGood() ? "good" : "VIOLATED " + verdict,
            outcome,
            choices,
            millis,
            commands,
            blows,
            losses,
            hash,
            foreign == 0 ? "" : ", " + foreign + " FOREIGN WAKE-UPS");
  }
}
