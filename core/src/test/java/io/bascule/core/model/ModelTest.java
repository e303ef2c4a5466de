package io.bascule.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The model holds, and can fail: each rule of the code that {@code docs/model/README.md} lists,
 * switched off, is found. A sample of them is tried; all of them with {@code check.all}.
 */
class ModelTest {
  private static final int SAMPLED = 3;

  /** Budgets of what may happen; whatever a run does not name does not happen in it. */
  private static final Pattern BUDGET =
      Pattern.compile("(Writes|Kills|PowerCuts|Losses|OddBoots|Pauses|Slips) = \\d+");

  /** A link to a class, and the methods behind it. */
  private static final Pattern CODE =
      Pattern.compile("\\[`(\\w+)`]\\(([^)]+\\.java)\\)((?:,? `\\.\\w+`)*)");

  @TempDir Path scratch;

  /**
   * A row of the table in README.md.
   *
   * @param rules as the specification's Broken has them
   * @param run what else is changed
   * @param refutedBy the invariant or property that must not hold
   */
  record Rule(List<String> rules, List<String> run, String refutedBy) {
    static Rule of(String row) {
      var cells = row.split("\\|", -1);
      return new Rule(codes(cells[1]), codes(cells[3]), codes(cells[4]).getFirst());
    }

    private static List<String> codes(String cell) {
      return Pattern.compile("`([^`]+)`").matcher(cell).results().map(m -> m.group(1)).toList();
    }

    @Override
    public String toString() {
      return String.join(" and ", rules);
    }
  }

  static List<Rule> allRules() throws IOException {
    var rows = new ArrayList<Rule>();
    boolean inTable = false;
    for (String line : Files.readAllLines(Tlc.folder().resolve("README.md"))) {
      inTable = line.startsWith("| rule switched off") || (inTable && line.startsWith("|"));
      if (inTable && line.startsWith("| `")) {
        rows.add(Rule.of(line));
      }
    }
    return rows;
  }

  static List<Rule> rules() throws IOException {
    var rules = new ArrayList<>(allRules());
    if (Boolean.getBoolean("bascule.check.all")) {
      return rules;
    }
    Collections.shuffle(rules, new Random(Long.getLong("bascule.check.seed", 1)));
    return rules.subList(0, Math.min(SAMPLED, rules.size()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Bascule.cfg", "Ends.cfg"})
  void shouldHold(String configuration) throws Exception {
    var answer = Tlc.check(Files.readString(Tlc.folder().resolve(configuration)), scratch);
    assertThat(answer.holds()).as(answer.output()).isTrue();
    // A model that does next to nothing holds too.
    assertThat(answer.distinctStates()).isGreaterThan(1_000);
  }

  @ParameterizedTest
  @MethodSource("rules")
  void shouldFindARuleThatIsSwitchedOff(Rule rule) throws Exception {
    var answer = Tlc.check(with(rule), scratch);
    assertThat(answer.holds()).as("%s: %s", rule, answer.output()).isFalse();
    assertThat(answer.violated()).as("%s: %s", rule, answer.output()).isEqualTo(rule.refutedBy());
  }

  /** The configuration of the build, as small as the rule allows. */
  private static String with(Rule rule) throws IOException {
    String text = Files.readString(Tlc.folder().resolve("Bascule.cfg"));
    text = BUDGET.matcher(text).replaceAll("$1 = 0");
    text = set(text, "Regions", "{r1}");
    text = set(text, "Reads", "FALSE");
    text =
        set(
            text,
            "Broken",
            rule.rules().stream()
                .map(name -> '"' + name + '"')
                .collect(Collectors.joining(", ", "{", "}")));
    for (String one : rule.run()) {
      var sides = one.split(" = ", 2);
      text = set(text, sides[0], sides[1]);
    }
    return text;
  }

  private static String set(String text, String constant, String value) {
    var line = Pattern.compile("(?m)^(  " + constant + " = ).*$").matcher(text);
    assertThat(line.find()).as("%s is in Bascule.cfg", constant).isTrue();
    return line.replaceFirst("$1" + java.util.regex.Matcher.quoteReplacement(value));
  }

  /** Otherwise a rule could be switched off in the specification and nobody would look for it. */
  @Test
  void shouldKnowEveryRuleOfTheSpecification() throws Exception {
    String specification = Files.readString(Tlc.folder().resolve("Bascule.tla"));
    var there =
        Pattern.compile("is\\(\"([a-z0-9-]+)\"\\)")
            .matcher(specification)
            .results()
            .map(found -> found.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    var listed =
        allRules().stream()
            .flatMap(rule -> rule.rules().stream())
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(listed).isEqualTo(there).hasSizeGreaterThan(5);
  }

  /** The table of actions names the code; a method that was renamed or has gone is found here. */
  @Test
  void shouldNameCodeThatExists() throws Exception {
    var named = new ArrayList<String>();
    var missing = new TreeSet<String>();
    for (String line : Files.readAllLines(Tlc.folder().resolve("README.md"))) {
      for (var found = CODE.matcher(line); found.find(); ) {
        Path file = Tlc.folder().resolve(found.group(2)).normalize();
        assertThat(file).as(line).isRegularFile();
        String source = Files.readString(file);
        for (String method : Rule.codes(found.group(3))) {
          named.add(method);
          if (!Pattern.compile("\\b" + method.substring(1) + "\\(").matcher(source).find()) {
            missing.add(found.group(1) + method);
          }
        }
      }
    }
    assertThat(missing).isEmpty();
    assertThat(named).hasSizeGreaterThan(50);
  }
}
