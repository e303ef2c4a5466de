package io.bascule.controller.rest;

import io.bascule.core.api.ErrorCode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The reference part of docs/api.md, made from the OpenAPI file and the error codes. It stands
 * between two marks; what is written by hand around it stays.
 */
final class ApiDocument {
  private static final String BEGIN = "<!-- reference: made by OpenApiTest, mend it there -->\n";
  private static final String END = "<!-- end of reference -->\n";

  /** What nearly every route may answer. */
  private static final List<String> ANYWHERE =
      List.of(
          "MALFORMED_REQUEST",
          "NOT_SIGNED_IN",
          "FORBIDDEN",
          "TOO_LARGE",
          "UNSUPPORTED_MEDIA",
          "TOO_MANY_REQUESTS",
          "INTERNAL",
          "NO_ACTIVE");

  private final OpenApi api;
  private final StringBuilder text = new StringBuilder();

  private ApiDocument(OpenApi api) {
    this.api = api;
  }

  /** The document with its reference part made anew. */
  static String renew(String document, OpenApi api) {
    int begin = document.indexOf(BEGIN);
    int end = document.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new AssertionError("docs/api.md lacks its marks");
    }
    return document.substring(0, begin + BEGIN.length())
        + "\n"
        + new ApiDocument(api).reference()
        + document.substring(end);
  }

  private String reference() {
    text.append("## Routes\n\n");
    text.append("| route | does | body | answers | codes of its own |\n|---|---|---|---|---|\n");
    byTag().forEach((tag, names) -> names.forEach(this::route));
    text.append("\nBesides: ")
        .append(String.join(", ", ANYWHERE))
        .append(", wherever they apply.\n");
    text.append("\nWhat needs no sign-in: ").append(publicRoutes()).append(".\n");
    notes();
    text.append("\n## Fields\n");
    text.append(
        "\nIn answers every field is present; one that may be null says so. In requests a field"
            + " that may be null may also be left out.\n");
    api.schemas().keySet().forEach(this::schema);
    codes();
    return text.append('\n').toString();
  }

  private Map<String, List<String>> byTag() {
    var tags = new LinkedHashMap<String, List<String>>();
    for (Object tag : OpenApi.list(api.root.get("tags"))) {
      tags.put(String.valueOf(OpenApi.map(tag).get("name")), new ArrayList<>());
    }
    OpenApi.at(api.root, "paths")
        .forEach((path, methods) ->
            OpenApi.map(methods)
                .forEach((method, operation) -> {
                  Object tag = OpenApi.list(OpenApi.map(operation).get("tags")).getFirst();
                  tags.computeIfAbsent(tag.toString(), t -> new ArrayList<>())
                      .add(method.toUpperCase(Locale.ROOT) + " " + path);
                }));
    return tags;
  }

  private void route(String name) {
    Map<String, Object> operation = OpenApi.at(cast(api.operations()), name);
    text.append("| `").append(name).append("` | ").append(operation.get("summary")).append(" | ");
    text.append(operation.containsKey("requestBody") ? body(operation) : "–").append(" | ");
    var answers = new ArrayList<String>();
    OpenApi.at(operation, "responses")
        .forEach((status, response) -> {
          if (!OpenApi.map(response).containsKey("$ref")) {
            answers.add((status + " " + content(OpenApi.map(response))).strip());
          }
        });
    text.append(String.join(", ", answers)).append(" | ");
    text.append(codesOf(operation)).append(" |\n");
  }

  @SuppressWarnings("unchecked") // a map of maps is a map of objects to a reader
  private static Map<String, Object> cast(Map<String, ? extends Object> map) {
    return (Map<String, Object>) map;
  }

  private String body(Map<String, Object> operation) {
    return content(OpenApi.at(operation, "requestBody"));
  }

  private String content(Map<String, Object> holder) {
    if (!holder.containsKey("content")) {
      return "";
    }
    var types = new ArrayList<String>();
    OpenApi.at(holder, "content")
        .forEach((media, content) -> {
          String type = type(OpenApi.at(OpenApi.map(content), "schema"));
          types.add(media.equals("application/json") ? type : "`" + media + "`");
        });
    return String.join(" or ", types);
  }

  /** The codes that are its own. */
  private static String codesOf(Map<String, Object> operation) {
    var codes = new ArrayList<String>();
    OpenApi.at(operation, "responses")
        .values()
        .forEach(response -> {
          if (OpenApi.map(response).containsKey("$ref")) {
            codes.addAll(
                List.of(
                    String.valueOf(OpenApi.map(response).get("description"))
                        .replace(".", "")
                        .split(", ")));
          }
        });
    codes.removeAll(ANYWHERE);
    return String.join(", ", codes);
  }

  private String publicRoutes() {
    return String.join(
        ", ",
        api.operations().entrySet().stream()
            .filter(entry -> OpenApi.list(entry.getValue().get("security")).isEmpty())
            .map(entry -> "`" + entry.getKey() + "`")
            .toList());
  }

  private void notes() {
    api.operations()
        .forEach((name, operation) -> {
          if (operation.containsKey("description")) {
            text.append("\n- `").append(name).append("`: ");
            text.append(operation.get("description"));
          }
        });
    text.append('\n');
  }

  private void schema(String name) {
    text.append("\n### ").append(name).append("\n\n");
    text.append(api.schema(name).get("description")).append("\n\n");
    text.append("| field | type | meaning |\n|---|---|---|\n");
    api.properties(name)
        .forEach((field, property) ->
            text.append("| `")
                .append(field)
                .append("` | ")
                .append(type(OpenApi.map(property)))
                .append(" | ")
                .append(OpenApi.map(property).get("description"))
                .append(values(OpenApi.map(property)))
                .append(" |\n"));
  }

  private static String values(Map<String, Object> property) {
    if (!property.containsKey("enum")) {
      return "";
    }
    List<String> values =
        OpenApi.list(property.get("enum")).stream()
            .filter(java.util.Objects::nonNull)
            .map(Object::toString)
            .toList();
    // A field that explains its values needs no list of them; nor do the codes, which have a table.
    String description = String.valueOf(property.get("description"));
    return values.size() > 10 || values.stream().allMatch(description::contains)
        ? ""
        : " One of " + String.join(", ", values) + ".";
  }

  private String type(Map<String, Object> property) {
    if (property.containsKey("$ref")) {
      String name = OpenApi.name(property.get("$ref"));
      return "[" + name + "](#" + name.toLowerCase(Locale.ROOT) + ")";
    }
    if (property.containsKey("oneOf")) {
      return type(OpenApi.map(OpenApi.list(property.get("oneOf")).getFirst())) + " or null";
    }
    Object type = property.get("type");
    boolean nullable = type instanceof List<?>;
    String kind = type instanceof List<?> list ? list.getFirst().toString() : String.valueOf(type);
    String shown =
        switch (kind) {
          case "array" -> "list of " + type(OpenApi.at(property, "items"));
          case "object" ->
              property.containsKey("additionalProperties")
                  ? "object of " + type(OpenApi.at(property, "additionalProperties"))
                  : "object";
          case "string" -> "date-time".equals(property.get("format")) ? "time" : "text";
          case "integer" -> "number";
          default -> kind;
        };
    return shown + (nullable ? " or null" : "");
  }

  private void codes() {
    text.append("\n## Codes\n\n| code | status | means |\n|---|---|---|\n");
    for (ErrorCode code : ErrorCode.values()) {
      text.append("| `").append(code).append("` | ").append(code.status()).append(" | ");
      text.append(code.title()).append(". |\n");
    }
  }
}
