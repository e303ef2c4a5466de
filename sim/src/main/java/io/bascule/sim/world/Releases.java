package io.bascule.sim.world;

import io.bascule.controller.state.Claim;
import io.bascule.core.Version;

/** The releases there are, and what each knows. */
final class Releases {
  static final Version V121 = Version.parse("1.2.1");
  static final Version V122 = Version.parse("1.2.2");
  static final Version V201 = Version.parse("2.0.1");

  private Releases() {}

  static Claim.Migrations migrations(Version release) {
    if (release.equals(V121)) {
      return Claim.Migrations.UNKNOWN;
    }
    return release.equals(V122) ? Claim.Migrations.CANCELS : Claim.Migrations.RUNS;
  }
}
