package io.bascule.controller.rest;

import io.avaje.json.JsonReader;
import io.avaje.jsonb.Jsonb;
import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads the record of a request body, and takes nothing on trust: an unknown, repeated, missing,
 * null or wrongly typed field is refused with a sentence that names it, and so is whatever follows
 * the object. What the record says is the whole schema: a component may be null or missing exactly
 * when it is {@link Nullable}.
 *
 * <p>Request records are flat: text, integers, booleans, and lists of text.
 */
final class StrictJson {
  /** Longest list taken; a volume list of a host is the longest there is. */
  private static final int MAX_ELEMENTS = 4096;

  private static final Jsonb JSONB = Jsonb.builder().failOnUnknown(true).build();
  private static final Map<Class<?>, Shape<?>> SHAPES = new ConcurrentHashMap<>();

  private StrictJson() {}

  /** Reads the whole body. */
  static <T extends Record> T read(byte[] body, Class<T> type) {
    String text = decoded(body);
    JsonSyntax.require(text);
    @SuppressWarnings("unchecked") // the map holds each class with its own shape
    var shape = (Shape<T>) SHAPES.computeIfAbsent(type, t -> Shape.of(type));
    @Nullable Object[] values;
    try (JsonReader reader = JSONB.reader(text)) {
      values = fields(reader, shape);
    } catch (Refusal e) {
      throw e;
    } catch (RuntimeException e) {
      // The parser throws several unchecked types for text that is no JSON; all mean that.
      throw malformed("The body is not well-formed JSON: " + firstLine(e));
    }
    return shape.make(values);
  }

  private static @Nullable Object[] fields(JsonReader reader, Shape<?> shape) {
    if (reader.currentToken() != JsonReader.Token.BEGIN_OBJECT) {
      throw malformed("The body must be a JSON object.");
    }
    @Nullable Object[] values = new Object[shape.fields.size()];
    boolean[] seen = new boolean[values.length];
    reader.beginObject();
    while (reader.hasNextField()) {
      String name = reader.nextField();
      int index = shape.indexOf(name);
      if (index < 0) {
        throw malformed(
            "Unknown field '%s'. Known here: %s.".formatted(shortened(name), shape.names()));
      }
      if (seen[index]) {
        throw malformed("The field '%s' is there twice.".formatted(name));
      }
      seen[index] = true;
      values[index] = value(reader, shape.fields.get(index));
    }
    reader.endObject();
    for (int i = 0; i < values.length; i++) {
      Field field = shape.fields.get(i);
      if (values[i] == null && !field.nullable) {
        throw malformed(
            seen[i]
                ? "'%s' must not be null.".formatted(field.name)
                : "The field '%s' is missing.".formatted(field.name));
      }
    }
    return values;
  }

  private static @Nullable Object value(JsonReader reader, Field field) {
    if (reader.isNullValue()) {
      return null;
    }
    JsonReader.Token token = reader.currentToken();
    return switch (field.kind) {
      case TEXT -> {
        require(token == JsonReader.Token.STRING, field);
        yield reader.readString();
      }
      case BOOLEAN -> {
        require(token == JsonReader.Token.BOOLEAN, field);
        yield reader.readBoolean();
      }
      case INTEGER -> {
        require(token == JsonReader.Token.NUMBER, field);
        long value = whole(reader.readDecimal(), field);
        if (value != (int) value) {
          throw malformed("'%s' is out of range.".formatted(field.name));
        }
        yield (int) value;
      }
      case LONG -> {
        require(token == JsonReader.Token.NUMBER, field);
        yield whole(reader.readDecimal(), field);
      }
      case TEXTS -> {
        require(token == JsonReader.Token.BEGIN_ARRAY, field);
        yield texts(reader, field);
      }
    };
  }

  private static List<String> texts(JsonReader reader, Field field) {
    var values = new ArrayList<String>();
    reader.beginArray();
    while (reader.hasNextElement()) {
      require(!reader.isNullValue() && reader.currentToken() == JsonReader.Token.STRING, field);
      if (values.size() == MAX_ELEMENTS) {
        throw malformed("'%s' has more than %d entries.".formatted(field.name, MAX_ELEMENTS));
      }
      values.add(reader.readString());
    }
    reader.endArray();
    return List.copyOf(values);
  }

  private static long whole(BigDecimal number, Field field) {
    try {
      return number.longValueExact();
    } catch (ArithmeticException e) {
      throw malformed("'%s' must be a whole number of 64 bits.".formatted(field.name));
    }
  }

  private static void require(boolean fits, Field field) {
    if (!fits) {
      throw malformed("'%s' must be %s.".formatted(field.name, field.kind.article));
    }
  }

  private static String decoded(byte[] body) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
    } catch (CharacterCodingException e) {
      throw malformed("The body is not UTF-8.");
    }
  }

  private static Refusal malformed(String detail) {
    return new Refusal(ErrorCode.MALFORMED_REQUEST, detail);
  }

  private static String firstLine(RuntimeException e) {
    String message = e.getMessage();
    return message == null ? "unreadable" : shortened(message.lines().findFirst().orElse(""));
  }

  private static String shortened(String text) {
    return text.length() <= 120 ? text : text.substring(0, 120) + "...";
  }

  private enum Kind {
    TEXT("text"),
    BOOLEAN("true or false"),
    INTEGER("a number"),
    LONG("a number"),
    TEXTS("a list of texts");

    private final String article;

    Kind(String article) {
      this.article = article;
    }
  }

  private record Field(String name, Kind kind, boolean nullable) {
    static Field of(RecordComponent component) {
      AnnotatedType type = component.getAnnotatedType();
      return new Field(
          component.getName(), kind(component), type.isAnnotationPresent(Nullable.class));
    }

    private static Kind kind(RecordComponent component) {
      Class<?> type = component.getType();
      if (type == String.class) {
        return Kind.TEXT;
      } else if (type == boolean.class || type == Boolean.class) {
        return Kind.BOOLEAN;
      } else if (type == int.class || type == Integer.class) {
        return Kind.INTEGER;
      } else if (type == long.class || type == Long.class) {
        return Kind.LONG;
      } else if (type == List.class
          && component.getGenericType() instanceof ParameterizedType list
          && list.getActualTypeArguments()[0] == String.class) {
        return Kind.TEXTS;
      }
      throw new IllegalArgumentException("no kind of field for " + component);
    }
  }

  private record Shape<T>(List<Field> fields, Constructor<T> constructor) {
    static <T> Shape<T> of(Class<T> type) {
      RecordComponent[] components = type.getRecordComponents();
      try {
        return new Shape<>(
            Arrays.stream(components).map(Field::of).toList(),
            type.getDeclaredConstructor(
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new)));
      } catch (NoSuchMethodException e) {
        throw new IllegalArgumentException(type + " lacks its canonical constructor", e);
      }
    }

    int indexOf(String name) {
      for (int i = 0; i < fields.size(); i++) {
        if (fields.get(i).name.equals(name)) {
          return i;
        }
      }
      return -1;
    }

    String names() {
      return fields.isEmpty()
          ? "none"
          : String.join(", ", fields.stream().map(Field::name).toList());
    }

    T make(@Nullable Object[] values) {
      try {
        return constructor.newInstance(values);
      } catch (InvocationTargetException e) {
        if (e.getCause() instanceof IllegalArgumentException refused) {
          String why = refused.getMessage();
          throw new Refusal(
              ErrorCode.INVALID_ARGUMENT, why == null ? "A value is not acceptable." : why);
        }
        throw new IllegalStateException(e.getCause());
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
