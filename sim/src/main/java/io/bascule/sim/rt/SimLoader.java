package io.bascule.sim.rt;

import java.io.IOException;
import java.util.List;

/**
 * Loads all of {@code io.bascule} but this package, rewritten for the simulation, and with the
 * deliberate defects it was made with. Classes stay loaded from run to run, so that they are
 * compiled once; a process that starts in a run finds nothing in their statics but constants and
 * spare buffers.
 */
public final class SimLoader extends ClassLoader {
  private static final String OURS = "io.bascule.";
  private static final String RUNTIME = Rt.class.getPackageName() + ".";

  private final Rewriter rewriter;

  static {
    registerAsParallelCapable();
  }

  public SimLoader(List<Defect> defects) {
    super("simulation", SimLoader.class.getClassLoader());
    this.rewriter = new Rewriter(getParent(), defects);
  }

  /** Of the defects, those whose place was found. */
  public List<Defect> planted() {
    return rewriter.planted();
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith(OURS) || name.startsWith(RUNTIME)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      var found = findLoadedClass(name);
      if (found == null) {
        byte[] content = rewriter.rewrite(name, bytes(name));
        found = defineClass(name, content, 0, content.length);
      }
      return found;
    }
  }

  private byte[] bytes(String name) throws ClassNotFoundException {
    try (var in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
      if (in == null) {
        throw new ClassNotFoundException(name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }
}
