package io.bascule.core.pairs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Counts the pairs of state and event that a machine was driven through, and what came of each.
 * {@link #conclude} fails for a pair that was never tried, prints the table, and keeps it under
 * {@code target/pairs}.
 */
public final class Pairs {
  /** What came of a pair. */
  public enum Outcome {
    /** To another state (of these rows). */
    MOVES('>'),
    /** The same state, but something of it changes, or something is to be done. */
    CHANGES('='),
    /** Nothing changes and nothing is done; whoever asked is told why. */
    NOTHING('.'),
    /** An invariant: the machine throws, naming both. */
    IMPOSSIBLE('x');

    private final char sign;

    Outcome(char sign) {
      this.sign = sign;
    }
  }

  private final String machine;
  private final List<String> states;
  private final List<String> events;
  private final Map<String, Map<String, Set<Outcome>>> seen = new TreeMap<>();
  private long steps;

  /**
   * @param states every one there is, in the table's order
   * @param events the same
   */
  public Pairs(String machine, List<String> states, List<String> events) {
    this.machine = machine;
    this.states = List.copyOf(states);
    this.events = List.copyOf(events);
    assertThat(new LinkedHashSet<>(states)).as("states").hasSameSizeAs(states);
    assertThat(new LinkedHashSet<>(events)).as("events").hasSameSizeAs(events);
  }

  /** That came of the event in that state. */
  public void saw(String state, String event, Outcome outcome) {
    assertThat(states).as("a state that the table of %s lacks", machine).contains(state);
    assertThat(events).as("an event that the table of %s lacks", machine).contains(event);
    seen.computeIfAbsent(state, _ -> new TreeMap<>())
        .computeIfAbsent(event, _ -> EnumSet.noneOf(Outcome.class))
        .add(outcome);
    steps++;
  }

  /** Everything that came of that pair. */
  public Set<Outcome> outcomes(String state, String event) {
    return seen.getOrDefault(state, Map.of()).getOrDefault(event, Set.of());
  }

  /** Prints the table and keeps it; a pair that was not tried fails. */
  public void conclude() {
    String text = report();
    System.out.println(text);
    try {
      Path folder = Files.createDirectories(Path.of("target", "pairs"));
      Files.writeString(folder.resolve(machine + ".txt"), text);
    } catch (IOException e) {
      throw new AssertionError("the table of pairs cannot be kept", e);
    }
    assertThat(missing()).as("pairs of %s that nothing has tried", machine).isEmpty();
  }

  private List<String> missing() {
    return states.stream()
        .flatMap(state ->
            events.stream()
                .filter(event -> outcomes(state, event).isEmpty())
                .map(event -> state + " + " + event))
        .toList();
  }

  /** A line for each state, a column for each event. */
  public String table() {
    int width = states.stream().mapToInt(String::length).max().orElse(0);
    return states.stream()
        .map(state ->
            state
                + " ".repeat(width - state.length())
                + events.stream()
                    .map(event -> " %2s".formatted(signs(state, event)))
                    .collect(Collectors.joining()))
        .collect(Collectors.joining("\n", "", "\n"));
  }

  private String signs(String state, String event) {
    var outcomes = outcomes(state, event);
    return outcomes.isEmpty()
        ? "?"
        : outcomes.stream().map(one -> String.valueOf(one.sign)).collect(Collectors.joining());
  }

  private String report() {
    var counts = new LinkedHashMap<Outcome, Integer>();
    for (String state : states) {
      for (String event : events) {
        outcomes(state, event).forEach(outcome -> counts.merge(outcome, 1, Integer::sum));
      }
    }
    int all = states.size() * events.size();
    int width = states.stream().mapToInt(String::length).max().orElse(0);
    var head = new ArrayList<String>();
    for (int i = 1; i <= events.size(); i++) {
      head.add("%3d".formatted(i));
    }
    return "%s: %d of %d pairs (%d states, %d events) in %,d steps%n"
            .formatted(machine, all - missing().size(), all, states.size(), events.size(), steps)
        + " ".repeat(width)
        + String.join("", head)
        + "\n"
        + table()
        + IntStream.range(0, events.size())
            .mapToObj(i -> (i + 1) + " " + events.get(i))
            .collect(Collectors.joining(", ", "", "\n"))
        + "> moves %d, = changes %d, . nothing %d, x impossible %d\n"
            .formatted(
                counts.getOrDefault(Outcome.MOVES, 0),
                counts.getOrDefault(Outcome.CHANGES, 0),
                counts.getOrDefault(Outcome.NOTHING, 0),
                counts.getOrDefault(Outcome.IMPOSSIBLE, 0));
  }

  /** The names of a sealed type's records, each of which a table must have. */
  public static List<String> namesOf(Class<?> sealed) {
    var names = new ArrayList<String>();
    for (var one : Objects.requireNonNull(sealed.getPermittedSubclasses())) {
      names.add(one.getSimpleName());
    }
    return Collections.unmodifiableList(names);
  }
}
