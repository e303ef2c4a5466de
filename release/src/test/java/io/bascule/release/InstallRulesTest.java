package io.bascule.release;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.core.Version;
import io.bascule.release.InstallRules.Judgement.Allowed;
import io.bascule.release.InstallRules.Judgement.NotAllowed;
import io.bascule.release.InstallRules.Rule;
import java.util.List;
import org.junit.jupiter.api.Test;

class InstallRulesTest {
  private static final Version V121 = Version.parse("1.2.1");
  private static final Version V122 = Version.parse("1.2.2");
  private static final Manifest R122 = release("1.2.2", 2, "1.2.1");
  private static final Manifest R201 = release("2.0.1", 3, "1.2.2");

  private static Manifest release(String version, long counter, String... from) {
    return new Manifest(
        1,
        Version.parse(version),
        List.of(from).stream().map(Version::parse).toList(),
        false,
        counter,
        "Main",
        List.of(),
        List.of(),
        List.of(),
        "");
  }

  @Test
  void shouldAllowTheNextRelease() {
    assertThat(InstallRules.upgrade(R122, V121, 1, List.of())).isEqualTo(new Allowed());
    assertThat(InstallRules.upgrade(R201, V122, 2, List.of())).isEqualTo(new Allowed());
  }

  @Test
  void shouldNameThePathToTake() {
    String expected =
        "2.0.1 can be installed on 1.2.2 only; upgrade 1.2.1 -> 1.2.2 -> 2.0.1 instead";
    assertThat(InstallRules.upgrade(R201, V121, 1, List.of(R122)))
        .isEqualTo(new NotAllowed(Rule.PATH, expected));
    assertThat(InstallRules.upgrade(R201, V121, 1, List.of()))
        .isEqualTo(new NotAllowed(Rule.PATH, expected));
  }

  @Test
  void shouldFindThePathThroughSeveralReleases() {
    var known = List.of(R201, R122, release("2.1.0", 3, "2.0.1"), release("3.0.0", 3, "2.1.0"));
    assertThat(InstallRules.upgrade(known.getLast(), V121, 1, known))
        .isEqualTo(
            new NotAllowed(
                Rule.PATH,
                "3.0.0 can be installed on 2.1.0 only;"
                    + " upgrade 1.2.1 -> 1.2.2 -> 2.0.1 -> 2.1.0 -> 3.0.0 instead"));
  }

  @Test
  void shouldSayWhenThereIsNoPath() {
    assertThat(InstallRules.upgrade(release("1.3.0", 2, "1.1.0"), V122, 1, List.of()))
        .isEqualTo(
            new NotAllowed(
                Rule.PATH, "1.3.0 can be installed on 1.1.0 only; this appliance runs 1.2.2"));
  }

  @Test
  void shouldNotEndInAManifestThatNamesItself() {
    var odd = release("2.0.0", 2, "2.0.0", "3.0.0");
    assertThat(InstallRules.upgrade(odd, V121, 1, List.of(odd))).isInstanceOf(NotAllowed.class);
  }

  @Test
  void shouldNotGoBackwards() {
    assertThat(InstallRules.upgrade(R122, V122, 2, List.of()))
        .isEqualTo(new NotAllowed(Rule.ALREADY_INSTALLED, "1.2.2 is already installed"));
    assertThat(InstallRules.upgrade(R122, Version.parse("2.0.1"), 2, List.of()))
        .extracting(j -> ((NotAllowed) j).rule())
        .isEqualTo(Rule.OLDER_THAN_INSTALLED);
    assertThat(InstallRules.upgrade(R122, V121, 3, List.of()))
        .extracting(j -> ((NotAllowed) j).rule())
        .isEqualTo(Rule.ROLLBACK_COUNTER);
  }

  @Test
  void shouldKeepWhatIsOnlyTooFarAhead() {
    assertThat(InstallRules.keep(R201, V121, 1)).isEqualTo(new Allowed());
    assertThat(InstallRules.keep(R122, V122, 2)).isEqualTo(new Allowed());
    assertThat(InstallRules.keep(R122, Version.parse("1.2.3"), 2)).isInstanceOf(NotAllowed.class);
  }
}
