package io.bascule.controller.rest;

import static org.assertj.core.api.Assertions.assertThat;

import io.avaje.jsonb.Jsonb;
import io.bascule.core.api.AlertView;
import io.bascule.core.api.ApplianceView;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.EventView;
import io.bascule.core.api.HistoryView;
import io.bascule.core.api.HostView;
import io.bascule.core.api.PackageView;
import io.bascule.core.api.Problem;
import io.bascule.core.api.SnapshotView;
import io.bascule.core.api.SpaceView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.api.VolumeCheckView;
import io.bascule.core.api.VolumeView;
import java.io.IOException;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The OpenAPI file and docs/api.md say what the server does, no more and no less. */
class OpenApiTest {
  private static final Map<String, Class<? extends Record>> ANSWERS =
      Map.ofEntries(
          Map.entry("Appliance", ApplianceView.class),
          Map.entry("Portals", ApplianceView.Portals.class),
          Map.entry("Controller", ApplianceView.Controller.class),
          Map.entry("Volume", VolumeView.class),
          Map.entry("VolumeCheck", VolumeCheckView.class),
          Map.entry("CheckedVolume", VolumeCheckView.Checked.class),
          Map.entry("Finding", VolumeCheckView.Finding.class),
          Map.entry("Snapshot", SnapshotView.class),
          Map.entry("Space", SpaceView.class),
          Map.entry("Host", HostView.class),
          Map.entry("Package", PackageView.class),
          Map.entry("Upgrade", UpgradeView.class),
          Map.entry("Range", UpgradeView.Range.class),
          Map.entry("Waiting", UpgradeView.Waiting.class),
          Map.entry("Cause", UpgradeView.Cause.class),
          Map.entry("Step", UpgradeView.Step.class),
          Map.entry("Migration", UpgradeView.Migration.class),
          Map.entry("Phase", UpgradeView.Phase.class),
          Map.entry("HostLatency", UpgradeView.HostLatency.class),
          Map.entry("Cancel", UpgradeView.Cancel.class),
          Map.entry("Guard", UpgradeView.Guard.class),
          Map.entry("Queued", UpgradeView.Queued.class),
          Map.entry("Prechecks", UpgradeView.Prechecks.class),
          Map.entry("Precheck", UpgradeView.Precheck.class),
          Map.entry("CancelPreview", CancelView.class),
          Map.entry("CancelAnswer", CancelView.Answer.class),
          Map.entry("History", HistoryView.class),
          Map.entry("Report", HistoryView.Report.class),
          Map.entry("Entry", HistoryView.Entry.class),
          Map.entry("Latency", HistoryView.Latency.class),
          Map.entry("Receipt", HistoryView.Receipt.class),
          Map.entry("Alert", AlertView.class),
          Map.entry("Event", EventView.class),
          Map.entry("Problem", Problem.class),
          Map.entry("Done", Wire.Done.class),
          Map.entry("SignInLink", Wire.SignInLink.class),
          Map.entry("Session", Wire.Session.class),
          Map.entry("Health", Wire.Health.class));

  private static final Map<String, Class<? extends Record>> REQUESTS =
      Map.ofEntries(
          Map.entry("VolumeCreate", VolumeView.Create.class),
          Map.entry("VolumeResize", VolumeView.Resize.class),
          Map.entry("SnapshotCreate", SnapshotView.Create.class),
          Map.entry("SnapshotClone", SnapshotView.Clone.class),
          Map.entry("HostCreate", HostView.Create.class),
          Map.entry("HostChange", HostView.Change.class),
          Map.entry("UpgradeStart", UpgradeView.Start.class),
          Map.entry("UpgradeChange", UpgradeView.Change.class),
          Map.entry("CancelRequest", CancelView.Request.class),
          Map.entry("PowerOn", Wire.PowerOn.class),
          Map.entry("SignIn", Wire.SignIn.class));

  @TempDir Path folder;
  private OpenApi api;

  @BeforeEach
  void load() throws IOException {
    api = OpenApi.load();
  }

  private TestServer server() throws IOException {
    return TestServer.active(folder);
  }

  @Test
  void shouldHoldEveryRouteAndNoOther() throws Exception {
    try (TestServer server = server()) {
      var served = new TreeMap<String, String>();
      for (Route route : server.server.routes()) {
        served.put(route.method().name() + " " + route.path(), security(route.access()));
      }
      assertThat(api.operations().keySet()).isEqualTo(served.keySet());
      api.operations()
          .forEach((name, operation) ->
              assertThat(String.valueOf(operation.get("security")))
                  .as(name)
                  .isEqualTo(served.get(name)));
    }
  }

  private static String security(Route.Access access) {
    return switch (access) {
      case PUBLIC -> "[]";
      case SIGNED_IN -> "[{token=[]}, {session=[]}]";
      case TOKEN_ONLY -> "[{token=[]}]";
    };
  }

  @Test
  void shouldDescribeEveryOperation() {
    var ids = new HashSet<Object>();
    api.operations()
        .forEach((name, operation) -> {
          assertThat(operation.get("summary")).as(name).isNotNull();
          assertThat(ids.add(operation.get("operationId"))).as(name).isTrue();
          var parameters = new TreeSet<String>();
          OpenApi.list(operation.get("parameters")).stream()
              .map(OpenApi::map)
              .filter(parameter -> "path".equals(parameter.get("in")))
              .forEach(parameter -> parameters.add("{" + parameter.get("name") + "}"));
          assertThat(Arrays.stream(name.split("/")).filter(part -> part.startsWith("{")))
              .as(name)
              .containsExactlyElementsOf(parameters);
        });
  }

  @Test
  void shouldResolveEveryReferenceAndUseEverySchema() {
    var used = new TreeSet<String>();
    collect(api.root, used);
    assertThat(used).isEqualTo(new TreeSet<>(schemaNames()));
  }

  private Set<String> schemaNames() {
    return api.schemas().keySet();
  }

  private static void collect(@Nullable Object node, Set<String> used) {
    if (node instanceof Map<?, ?> map) {
      Object reference = map.get("$ref");
      if (reference != null && reference.toString().startsWith("#/components/schemas/")) {
        used.add(OpenApi.name(reference));
      }
      // What only the event stream carries is named in its description.
      if ("events".equals(map.get("operationId"))) {
        used.add("Event");
      }
      map.values().forEach(value -> collect(value, used));
    } else if (node instanceof List<?> list) {
      list.forEach(value -> collect(value, used));
    }
  }

  @Test
  void shouldHaveTheFieldsOfTheRecords() {
    var all = new TreeSet<>(ANSWERS.keySet());
    all.addAll(REQUESTS.keySet());
    assertThat(schemaNames()).hasSameElementsAs(all);
    ANSWERS.forEach((name, type) -> compare(name, type, false));
    REQUESTS.forEach((name, type) -> compare(name, type, true));
  }

  private void compare(String name, Class<? extends Record> type, boolean request) {
    RecordComponent[] components = type.getRecordComponents();
    List<String> names = Arrays.stream(components).map(RecordComponent::getName).toList();
    assertThat(api.properties(name).keySet()).as(name).containsExactlyElementsOf(names);
    List<Object> required = new ArrayList<>();
    for (RecordComponent component : components) {
      Map<String, Object> property = OpenApi.at(api.properties(name), component.getName());
      String field = name + "." + component.getName();
      assertThat(property.get("description")).as(field).isNotNull();
      boolean nullable = isNullable(component.getAnnotatedType());
      assertThat(property.get("type") instanceof List<?> || property.containsKey("oneOf"))
          .as(field + " may be null")
          .isEqualTo(nullable);
      assertThat(shape(property)).as(field).isEqualTo(shape(component.getGenericType()));
      if (!request || !nullable) {
        required.add(component.getName());
      }
    }
    assertThat(OpenApi.list(api.schema(name).get("required"))).as(name).isEqualTo(required);
    assertThat(api.schema(name).get("additionalProperties")).as(name).isEqualTo(false);
  }

  private static boolean isNullable(AnnotatedElement type) {
    return type.isAnnotationPresent(Nullable.class);
  }

  /** The type of a property, without whether it may be null. */
  private static String shape(Map<String, Object> property) {
    Object reference = property.get("$ref");
    if (reference != null) {
      return OpenApi.name(reference);
    }
    if (property.containsKey("oneOf")) {
      return shape(OpenApi.map(OpenApi.list(property.get("oneOf")).getFirst()));
    }
    Object type = property.get("type");
    String kind = type instanceof List<?> list ? list.getFirst().toString() : String.valueOf(type);
    return switch (kind) {
      case "array" -> "list of " + shape(OpenApi.at(property, "items"));
      case "object" -> "map";
      case "integer" -> String.valueOf(property.get("format"));
      case "string" -> "date-time".equals(property.get("format")) ? "date-time" : "string";
      default -> kind;
    };
  }

  private static String shape(Type type) {
    if (type instanceof ParameterizedType generic) {
      return generic.getRawType() == List.class
          ? "list of " + shape(generic.getActualTypeArguments()[0])
          : "map";
    }
    if (type == String.class) {
      return "string";
    } else if (type == Instant.class) {
      return "date-time";
    } else if (type == int.class || type == Integer.class) {
      return "int32";
    } else if (type == long.class || type == Long.class) {
      return "int64";
    } else if (type == boolean.class || type == Boolean.class) {
      return "boolean";
    }
    return ANSWERS.entrySet().stream()
        .filter(entry -> entry.getValue() == type)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no schema for " + type));
  }

  @Test
  void shouldNameEveryErrorCode() {
    List<Object> codes = OpenApi.list(OpenApi.at(api.properties("Problem"), "code").get("enum"));
    assertThat(codes)
        .isEqualTo(Arrays.stream(ErrorCode.values()).map(code -> (Object) code.name()).toList());
    api.operations()
        .forEach((name, operation) ->
            OpenApi.at(operation, "responses")
                .forEach((status, response) -> requireCodes(name, status, response)));
  }

  private static void requireCodes(String name, String status, Object response) {
    if (!OpenApi.map(response).containsKey("$ref")) {
      assertThat(Integer.parseInt(status)).as(name).isLessThan(400);
      return;
    }
    String text = String.valueOf(OpenApi.map(response).get("description"));
    for (String code : text.replace(".", "").split(", ")) {
      assertThat(ErrorCode.valueOf(code).status()).as(name).isEqualTo(Integer.parseInt(status));
    }
  }

  /** Real answers have the shape that is promised for their operation and status. */
  @Test
  void shouldBeTrueOfRealAnswers() throws Exception {
    try (TestServer server = server()) {
      server.appliance.events.raise("WARNING", "standby.off", "It is off.", "Switch it on.");
      String[][] calls = {
        {"POST", "/api/v1/volumes", "{\"name\":\"x\",\"sizeBytes\":4096}"},
        {"POST", "/api/v1/volumes", "{\"name\":\"x\",\"sizeBytes\":4096}"},
        {"GET", "/api/v1/volume-check", ""},
        {"GET", "/api/v1/volumes/x/check", ""},
        {"GET", "/api/v1/volumes/y/check", ""},
        {"POST", "/api/v1/volumes/x/accept", ""},
        {"POST", "/api/v1/volumes/x/snapshots", "{\"name\":\"s\"}"},
        {"POST", "/api/v1/volumes/x/snapshots", "{\"name\":\"s\"}"},
        {"POST", "/api/v1/volumes/x/snapshots/s/clone", "{\"volume\":\"z\"}"},
        {"GET", "/api/v1/snapshots", ""},
        {"GET", "/api/v1/volumes/x/snapshots", ""},
        {"GET", "/api/v1/volumes/x/snapshots/s", ""},
        {"GET", "/api/v1/volumes/x/snapshots/t", ""},
        {"POST", "/api/v1/volumes/x/snapshots/s/rollback", ""},
        {"DELETE", "/api/v1/volumes/x/snapshots/s", ""},
        {"DELETE", "/api/v1/volumes/x/snapshots/s", ""},
        {"POST", "/api/v1/hosts", "{\"name\":\"x\",\"iqn\":\"*\"}"},
        {"POST", "/api/v1/upgrade", "{\"version\":\"1.2.2\",\"dryRun\":true}"},
        {"POST", "/api/v1/upgrade", "{\"version\":\"2.0.1\"}"},
        {"GET", "/api/v1/upgrade", ""},
        {"POST", "/api/v1/upgrade", "{\"version\":\"1.2.2\"}"},
        {"GET", "/api/v1/upgrade", ""},
        {"GET", "/api/v1/upgrade/cancel", ""},
        {"POST", "/api/v1/upgrade/cancel", "{\"upgradeId\":\"u1\",\"revision\":9}"},
        {"POST", "/api/v1/upgrade/cancel", "{\"upgradeId\":\"u1\",\"revision\":1}"},
        {"GET", "/api/v1/upgrade", ""},
        {"DELETE", "/api/v1/upgrade/cancel", ""},
        {"PATCH", "/api/v1/upgrade", "{\"paused\":true}"},
        {"GET", "/api/v1/upgrades", ""},
        {"GET", "/api/v1/upgrades/u1/report", ""},
        {"GET", "/api/v1/appliance", ""},
        {"GET", "/api/v1/space", ""},
        {"GET", "/api/v1/volumes", ""},
        {"GET", "/api/v1/volumes/x", ""},
        {"GET", "/api/v1/volumes/y", ""},
        {"PATCH", "/api/v1/volumes/x", "{\"sizeBytes\":8192}"},
        {"DELETE", "/api/v1/volumes/x", ""},
        {"GET", "/api/v1/hosts", ""},
        {"GET", "/api/v1/packages", ""},
        {"GET", "/api/v1/alerts", ""},
        {"GET", "/api/v1/session", ""},
        {"POST", "/api/v1/sign-in-links", ""},
        {"POST", "/api/v1/controllers/handover", ""},
        {"POST", "/api/v1/controllers/1/power-on", "{\"slot\":\"A\"}"},
        {"GET", "/healthz", ""},
      };
      for (String[] call : calls) {
        HttpResponse<String> answer = server.call(call[0], call[1], call[2]);
        check(call[0], call[1], answer);
      }
    }
  }

  private void check(String method, String path, HttpResponse<String> answer) {
    String name = operationFor(method, path);
    String what = name + " " + answer.statusCode() + " " + answer.body();
    Map<String, Object> responses =
        OpenApi.at(OpenApi.map(api.operations().get(name)), "responses");
    Map<String, Object> response = OpenApi.at(responses, Integer.toString(answer.statusCode()));
    if (answer.statusCode() == 204) {
      assertThat(answer.body()).isEmpty();
      return;
    }
    Map<String, Object> schema =
        response.containsKey("$ref")
            ? api.schema("Problem")
            : OpenApi.at(OpenApi.at(OpenApi.at(response, "content"), "application/json"), "schema");
    conforms(what, schema, Jsonb.builder().build().type(Object.class).fromJson(answer.body()));
  }

  private String operationFor(String method, String path) {
    return api.operations().keySet().stream()
        .filter(name ->
            name.equals(method + " " + path)
                || (name.contains("{")
                    && (method + " " + path).matches(name.replaceAll("\\{[a-z]+}", "[^/]+"))))
        .findFirst()
        .orElseThrow();
  }

  private void conforms(String what, Map<String, Object> schema, @Nullable Object value) {
    Object reference = schema.get("$ref");
    if (reference != null) {
      conforms(what, api.schema(OpenApi.name(reference)), value);
      return;
    }
    if (schema.containsKey("oneOf")) {
      if (value != null) {
        conforms(what, OpenApi.map(OpenApi.list(schema.get("oneOf")).getFirst()), value);
      }
      return;
    }
    Object type = schema.get("type");
    List<?> types = type instanceof List<?> list ? list : List.of(String.valueOf(type));
    switch (value) {
      case null -> assertThat(types.contains("null")).as(what).isTrue();
      case String text -> {
        assertThat(types.contains("string")).as(what).isTrue();
        if (schema.containsKey("enum")) {
          assertThat(OpenApi.list(schema.get("enum"))).as(what).contains(text);
        }
        if ("date-time".equals(schema.get("format"))) {
          assertThat(Instant.parse(text)).as(what).isNotNull();
        }
      }
      case Boolean _ -> assertThat(types.contains("boolean")).as(what).isTrue();
      case Number _ -> assertThat(types.contains("integer")).as(what).isTrue();
      case List<?> list -> {
        assertThat(types.contains("array")).as(what).isTrue();
        list.forEach(each -> conforms(what, OpenApi.at(schema, "items"), each));
      }
      case Map<?, ?> map -> {
        assertThat(types.contains("object")).as(what).isTrue();
        if (schema.containsKey("properties")) {
          Map<String, Object> properties = OpenApi.at(schema, "properties");
          assertThat(map.keySet()).as(what).isEqualTo(properties.keySet());
          map.forEach((key, each) -> conforms(what, OpenApi.at(properties, key.toString()), each));
        } else {
          map.values()
              .forEach(each -> conforms(what, OpenApi.at(schema, "additionalProperties"), each));
        }
      }
      default -> throw new AssertionError(what + ": " + value);
    }
  }

  /**
   * Mend docs/api.md after a change of the API with {@code mvn -pl controller -am test
   * -Dtest=OpenApiTest -Dtest.jvm=-Dbascule.update=true}.
   */
  @Test
  void shouldBeWhatTheDocumentSays() throws Exception {
    Path document = Path.of("..", "docs", "api.md");
    String present = Files.readString(document, StandardCharsets.UTF_8);
    String wanted = ApiDocument.renew(present, api);
    if (Boolean.getBoolean("bascule.update")) {
      Files.writeString(document, wanted);
    } else {
      assertThat(present).isEqualTo(wanted);
    }
  }
}
