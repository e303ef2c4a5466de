package io.bascule.core.link;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One message of the peer link or of the chassis: a type and named text fields. A receiver ignores
 * fields it does not know and answers an unknown type with {@link #UNSUPPORTED}, so that releases
 * can grow apart.
 *
 * <p>On the wire, big endian: {@code u32 bytes that follow | str type | u16 fields | fields x (str
 * name, u32 length, UTF-8 value)}, where {@code str} is {@code u16 length, UTF-8}. At most {@link
 * #MAX_BYTES}.
 */
public record Frame(String type, Map<String, String> fields) {
  /** The largest frame: a catalog of 1,000 volumes and hosts fits many times. */
  public static final int MAX_BYTES = 8 << 20;

  /** The answer to a type the receiver does not know. */
  public static final String UNSUPPORTED = "UNSUPPORTED";

  public Frame {
    fields = Map.copyOf(fields);
  }

  /** A frame of {@code type} with {@code name, value, name, value, ...}. */
  public static Frame of(String type, Object... namesAndValues) {
    var fields = new LinkedHashMap<String, String>();
    for (int i = 0; i + 1 < namesAndValues.length; i += 2) {
      fields.put(String.valueOf(namesAndValues[i]), String.valueOf(namesAndValues[i + 1]));
    }
    return new Frame(type, fields);
  }

  /** This frame with one more field. */
  public Frame with(String name, Object value) {
    var more = new LinkedHashMap<>(fields);
    more.put(name, String.valueOf(value));
    return new Frame(type, more);
  }

  /**
   * The field's value.
   *
   * @throws MalformedFrame if it is missing
   */
  public String text(String name) {
    var value = fields.get(name);
    if (value == null) {
      throw new MalformedFrame(type + " lacks the field '" + name + "'");
    }
    return value;
  }

  /** The field's value, if it is there and not empty. */
  public Optional<String> optional(String name) {
    return Optional.ofNullable(fields.get(name)).filter(value -> !value.isEmpty());
  }

  /**
   * The field as a number.
   *
   * @throws MalformedFrame if it is missing or no number
   */
  public long number(String name) {
    try {
      return Long.parseLong(text(name));
    } catch (NumberFormatException e) {
      throw new MalformedFrame(type + "." + name + " is no number: '" + text(name) + "'", e);
    }
  }

  /** Writes and flushes this frame. */
  public void writeTo(OutputStream out) throws IOException {
    if (fields.size() > 0xFFFF) {
      throw new MalformedFrame(type + " has " + fields.size() + " fields");
    }
    var body = new java.io.ByteArrayOutputStream(256);
    var data = new DataOutputStream(body);
    writeShort(data, type);
    data.writeShort(fields.size());
    for (var field : fields.entrySet()) {
      writeShort(data, field.getKey());
      byte[] value = field.getValue().getBytes(StandardCharsets.UTF_8);
      data.writeInt(value.length);
      data.write(value);
    }
    if (body.size() > MAX_BYTES) {
      throw new MalformedFrame(type + " is too large: " + body.size() + " bytes");
    }
    byte[] framed = new byte[4 + body.size()];
    java.nio.ByteBuffer.wrap(framed).putInt(body.size()).put(body.toByteArray());
    out.write(framed);
    out.flush();
  }

  /**
   * Reads the next frame; blocks until it is there.
   *
   * @throws EOFException at the end of the stream
   * @throws MalformedFrame if what is there is no frame
   */
  public static Frame readFrom(InputStream in) throws IOException {
    var head = new DataInputStream(in);
    int length = head.readInt();
    if (length < 4 || length > MAX_BYTES) {
      throw new MalformedFrame("frame of " + length + " bytes");
    }
    byte[] body = head.readNBytes(length);
    if (body.length < length) {
      throw new EOFException("the link closed in the middle of a frame");
    }
    var data = new DataInputStream(new java.io.ByteArrayInputStream(body));
    try {
      String type = readShort(data);
      int count = data.readUnsignedShort();
      var fields = new LinkedHashMap<String, String>();
      for (int i = 0; i < count; i++) {
        String name = readShort(data);
        int valueLength = data.readInt();
        if (valueLength < 0 || valueLength > data.available()) {
          throw new MalformedFrame(type + "." + name + " has a length of " + valueLength);
        }
        fields.put(name, new String(data.readNBytes(valueLength), StandardCharsets.UTF_8));
      }
      return new Frame(type, fields);
    } catch (EOFException e) {
      throw new MalformedFrame("a frame ends in the middle of a field", e);
    }
  }

  private static void writeShort(DataOutputStream data, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > 0xFFFF) {
      throw new MalformedFrame("a name of " + bytes.length + " bytes");
    }
    data.writeShort(bytes.length);
    data.write(bytes);
  }

  private static String readShort(DataInputStream data) throws IOException {
    int length = data.readUnsignedShort();
    if (length > data.available()) {
      throw new MalformedFrame("a name of " + length + " bytes in a shorter frame");
    }
    return new String(data.readNBytes(length), StandardCharsets.UTF_8);
  }

  /** What arrived is not a frame, or not the one its type promises. The link is closed. */
  public static final class MalformedFrame extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public MalformedFrame(String message) {
      super(message);
    }

    MalformedFrame(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
