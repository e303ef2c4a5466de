package io.bascule.controller;

import io.bascule.controller.state.Claim;
import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.Taken;
import io.bascule.core.ControllerId;
import io.bascule.core.Version;
import java.nio.file.Path;

/** A real state.db, taken over each time it is opened. */
public final class TestDb {
  private TestDb() {}

  public static StateDb open(Path dir) {
    var claim =
        new Claim(ControllerId.CONTROLLER_0, new Version(1, 2, 1), Claim.Migrations.UNKNOWN, false);
    var taken =
        StateDb.take(
            dir.resolve("state.db"),
            claim,
            (why, cause) -> {
              throw new AssertionError(why, cause);
            });
    return ((Taken.Granted) taken).db();
  }
}
