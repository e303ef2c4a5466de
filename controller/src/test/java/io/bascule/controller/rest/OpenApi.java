package io.bascule.controller.rest;

import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The OpenAPI file, read as plain maps and lists. */
final class OpenApi {
  final Map<String, Object> root;

  private OpenApi(Map<String, Object> root) {
    this.root = root;
  }

  static OpenApi load() throws IOException {
    String text = new String(ApiRoutes.openApi(), StandardCharsets.UTF_8);
    return new OpenApi(map(Jsonb.builder().build().type(Object.class).fromJson(text)));
  }

  /** {@code METHOD /path} to the operation. */
  Map<String, Map<String, Object>> operations() {
    var all = new TreeMap<String, Map<String, Object>>();
    at(root, "paths")
        .forEach((path, methods) ->
            map(methods)
                .forEach((method, operation) ->
                    all.put(method.toUpperCase(Locale.ROOT) + " " + path, map(operation))));
    return all;
  }

  Map<String, Object> schemas() {
    return at(at(root, "components"), "schemas");
  }

  Map<String, Object> schema(String name) {
    return at(schemas(), name);
  }

  /** The properties of a schema, in order. */
  Map<String, Object> properties(String name) {
    return at(schema(name), "properties");
  }

  static Map<String, Object> at(Map<String, Object> map, String key) {
    Object value = map.get(key);
    if (value == null) {
      throw new AssertionError("'" + key + "' is missing; there are " + map.keySet());
    }
    return map(value);
  }

  @SuppressWarnings("unchecked") // JSON objects have text as keys
  static Map<String, Object> map(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      return (Map<String, Object>) map;
    }
    throw new AssertionError("no object: " + value);
  }

  @SuppressWarnings("unchecked") // JSON arrays
  static List<Object> list(@Nullable Object value) {
    return value == null ? List.of() : (List<Object>) value;
  }

  /** The last part of a reference. */
  static String name(Object reference) {
    String text = reference.toString();
    return text.substring(text.lastIndexOf('/') + 1);
  }
}
