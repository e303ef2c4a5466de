package io.bascule.sim.rt;

import java.util.concurrent.Executor;

/** A thread of a simulated process; the scheduler of its own virtual thread. */
final class SimThread implements Executor {
  final Sim sim;
  final SimProcess process;
  final int number;
  final String name;

  SimThread(Sim sim, SimProcess process, int number, String name) {
    this.sim = sim;
    this.process = process;
    this.number = number;
    this.name = name;
  }

  @Override
  public void execute(Runnable continuation) {
    sim.enqueue(this, continuation);
  }

  @Override
  public String toString() {
    return process + "/" + name + "#" + number;
  }
}
