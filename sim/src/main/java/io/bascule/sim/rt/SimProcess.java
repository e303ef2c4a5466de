package io.bascule.sim.rt;

import java.util.ArrayList;
import java.util.List;

/**
 * A process of the simulated machine: a group of threads that die together. A thread of a dead
 * process is never run again, wherever it stood.
 */
public final class SimProcess {
  private final String name;
  private boolean alive = true;
  private final List<Runnable> atDeath = new ArrayList<>();

  public SimProcess(String name) {
    this.name = name;
  }

  public String name() {
    return name;
  }

  public boolean isAlive() {
    return alive;
  }

  /** To be done when the process dies: what a kernel does for a dead process. */
  public void atDeath(Runnable work) {
    atDeath.add(work);
  }

  /** SIGKILL. If one of its own threads asks for it, {@link Sim#freeze} has to follow. */
  public void kill() {
    if (alive) {
      alive = false;
      atDeath.forEach(Runnable::run);
      atDeath.clear();
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
