package io.bascule.cli.client;

import io.avaje.json.JsonException;
import io.avaje.jsonb.Json.Import;
import io.avaje.jsonb.Jsonb;
import io.avaje.jsonb.Types;
import io.bascule.json.ApiJson;
import java.util.List;

/** The records of the API as JSON, read and written. Unknown fields are ignored. */
@Import(Access.AccessFile.class)
public final class Json {
  private static final Jsonb JSONB = ApiJson.codec();

  /** What arrived is not the JSON it should be. */
  public static final class Unreadable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unreadable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  private Json() {}

  /**
   * @throws Unreadable if the text is no such JSON
   */
  public static <T> T read(Class<T> type, String json) {
    try {
      T value = JSONB.type(type).fromJson(json);
      if (value == null) {
        throw new JsonException("it is null");
      }
      return value;
    } catch (JsonException e) {
      throw new Unreadable("not the JSON of a " + type.getSimpleName() + ": " + e.getMessage(), e);
    }
  }

  /**
   * @throws Unreadable if the text is no list of such JSON
   */
  public static <T> List<T> readList(Class<T> type, String json) {
    try {
      return JSONB.<List<T>>type(Types.listOf(type)).fromJson(json);
    } catch (JsonException e) {
      throw new Unreadable("not a list of " + type.getSimpleName() + ": " + e.getMessage(), e);
    }
  }

  /** The JSON of a value of one of the records above; nulls are written. */
  public static String write(Object value) {
    return JSONB.toJson(value);
  }

  /** The JSON of a list of one of the records above. */
  public static <T> String writeList(Class<T> type, List<T> values) {
    return JSONB.<List<T>>type(Types.listOf(type)).toJson(values);
  }
}
