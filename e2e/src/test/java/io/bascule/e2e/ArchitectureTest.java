package io.bascule.e2e;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The module table of ARCHITECTURE.md, as rules. */
class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          // Adapters that the JSON generator puts beside the records, in whichever module asked for
          // them.
          .withImportOption(
              location -> !location.contains("/jsonb/") && !location.contains("JsonAdapter"))
          .importPackages("io.bascule");

  /** Each module's root package, and the modules it may use. */
  private static final Map<String, List<String>> MAY_USE =
      Map.of(
          "core", List.of(),
          "platform", List.of("core"),
          "json", List.of("core"),
          "release", List.of("core"),
          "store", List.of("core"),
          "migration", List.of("core", "store"),
          "iscsi", List.of("core"),
          "host", List.of("core"),
          "controller", List.of("core", "platform", "json", "release", "store", "iscsi"),
          "cli", List.of("core", "platform", "json", "release", "host"));

  static List<String> modules() {
    return MAY_USE.keySet().stream().sorted().toList();
  }

  @ParameterizedTest
  @MethodSource("modules")
  void shouldUseOnlyWhatTheTableAllows(String module) {
    List<String> forbidden = new ArrayList<>();
    for (String other : MAY_USE.keySet()) {
      if (!other.equals(module) && !MAY_USE.getOrDefault(module, List.of()).contains(other)) {
        forbidden.add("io.bascule." + other + "..");
      }
    }
    noClasses()
        .that()
        .resideInAPackage("io.bascule." + module + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(forbidden.toArray(String[]::new))
        .check(CLASSES);
  }

  @Test
  void shouldKnowEveryModule() {
    assertThat(
            CLASSES.stream()
                .map(c -> c.getPackageName())
                .filter(name -> name.startsWith("io.bascule."))
                .map(name -> name.split("\\.", -1)[2])
                .distinct())
        .containsExactlyInAnyOrderElementsOf(MAY_USE.keySet());
  }

  /** Where two have one name, one hides the other's adapters. */
  @Test
  void shouldGiveEachModuleItsOwnJsonComponent() throws IOException {
    var owners = new TreeMap<String, Set<String>>();
    var lists =
        ArchitectureTest.class
            .getClassLoader()
            .getResources("META-INF/services/io.avaje.jsonb.spi.JsonbExtension");
    while (lists.hasMoreElements()) {
      var file = lists.nextElement();
      try (var list = file.openStream()) {
        new String(list.readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .filter(line -> !line.isBlank())
            .forEach(name ->
                owners.computeIfAbsent(name, _ -> new TreeSet<>()).add(module(file.toString())));
      }
    }
    assertThat(owners.values()).allSatisfy(modules -> assertThat(modules).hasSize(1));
    assertThat(owners.values().stream().flatMap(Set::stream)).contains("json", "controller", "cli");
  }

  /**
   * The module a file on the class path is of: its jar may be there twice, once beside the command.
   */
  private static String module(String location) {
    var jar = Pattern.compile("/bascule-([a-z0-9-]+?)-[0-9.]+\\.jar!").matcher(location);
    var classes = Pattern.compile("/([^/]+)/target/classes/").matcher(location);
    return jar.find() ? jar.group(1) : classes.find() ? classes.group(1) : location;
  }

  @Test
  void shouldKeepCoreOnJavaBase() {
    noClasses()
        .that()
        .resideInAPackage("io.bascule.core..")
        .should()
        .dependOnClassesThat()
        .resideOutsideOfPackages(
            "io.bascule.core..",
            "java.lang..",
            "java.util..",
            "java.io..",
            "java.nio..",
            "java.time..",
            "org.jspecify.annotations..")
        .check(CLASSES);
  }

  /** The machines are told the time; they look at no clock, draw no lots and do no I/O. */
  @Test
  void shouldKeepTheMachinesPure() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "io.bascule.core.upgrade..", "io.bascule.core.role..", "io.bascule.core.migration..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.io..", "java.nio..", "java.net..", "java.util.concurrent..")
        .orShould()
        .callMethod(java.time.Instant.class, "now")
        .orShould()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(java.util.Random.class)
        .check(CLASSES);
  }

  /** Either format can go without the other. */
  @Test
  void shouldKeepTheFormatsApart() {
    for (String[] pair : new String[][] {{"v1", "v2"}, {"v2", "v1"}}) {
      noClasses()
          .that()
          .resideInAPackage("io.bascule.store." + pair[0] + "..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.bascule.store." + pair[1] + "..")
          .check(CLASSES);
    }
  }

  /** The rooms of a controller that must not see one another's types. */
  @Test
  void shouldKeepRestAwayFromStoresAndTarget() {
    noClasses()
        .that()
        .resideInAPackage("io.bascule.controller.rest..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.bascule.store..", "io.bascule.iscsi..", "java.sql..")
        .check(CLASSES);
  }
}
