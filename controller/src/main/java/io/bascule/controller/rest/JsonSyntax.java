package io.bascule.controller.rest;

import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;

/**
 * Tells whether a text is one JSON value by RFC 8259 and nothing else. The parser is lenient here
 * and there (leading zeros, raw control characters, text after the end); a request body is not.
 *
 * <p>Bounded: nesting by {@link #MAX_DEPTH}, a number's length by {@link #MAX_NUMBER_CHARS},
 * because the time to read a number grows with the square of it.
 */
final class JsonSyntax {
  static final int MAX_DEPTH = 16;
  static final int MAX_NUMBER_CHARS = 64;

  private final String text;
  private int at;

  private JsonSyntax(String text) {
    this.text = text;
  }

  /** Refuses with MALFORMED_REQUEST, and says where. */
  static void require(String text) {
    var syntax = new JsonSyntax(text);
    syntax.value(0);
    syntax.blank();
    if (syntax.at < text.length()) {
      throw syntax.refused("something follows the value");
    }
  }

  private void value(int depth) {
    if (depth > MAX_DEPTH) {
      throw refused("it is nested too deeply");
    }
    blank();
    switch (peek()) {
      case '{' -> object(depth);
      case '[' -> array(depth);
      case '"' -> string();
      case 't' -> word("true");
      case 'f' -> word("false");
      case 'n' -> word("null");
      default -> number();
    }
  }

  private void object(int depth) {
    expect('{');
    blank();
    if (take('}')) {
      return;
    }
    do {
      blank();
      string();
      blank();
      expect(':');
      value(depth + 1);
      blank();
    } while (take(','));
    expect('}');
  }

  private void array(int depth) {
    expect('[');
    blank();
    if (take(']')) {
      return;
    }
    do {
      value(depth + 1);
      blank();
    } while (take(','));
    expect(']');
  }

  private void string() {
    expect('"');
    char high = 0;
    while (true) {
      char c = next();
      if (c == '"') {
        requireNoHalf(high);
        return;
      }
      if (c < ' ') {
        throw refused("a control character stands in a text");
      }
      char read = c == '\\' ? escape() : c;
      if (Character.isLowSurrogate(read) != (high != 0)) {
        throw refused("a text holds half of a character");
      }
      high = Character.isHighSurrogate(read) ? read : 0;
    }
  }

  private void requireNoHalf(char high) {
    if (high != 0) {
      throw refused("a text holds half of a character");
    }
  }

  private char escape() {
    char c = next();
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b', 'f', 'n', 'r', 't' -> ' ';
      case 'u' -> {
        int code = 0;
        for (int i = 0; i < 4; i++) {
          char hex = next();
          int digit = hex < 128 ? Character.digit(hex, 16) : -1;
          if (digit < 0) {
            throw refused("an escape is no \\uXXXX");
          }
          code = code << 4 | digit;
        }
        yield (char) code;
      }
      default -> throw refused("there is no escape \\" + (c > ' ' && c < 127 ? c : '?'));
    };
  }

  private void number() {
    int begin = at;
    take('-');
    if (!take('0')) {
      digits();
    }
    if (take('.')) {
      digits();
    }
    if (take('e') || take('E')) {
      if (!take('+')) {
        take('-');
      }
      digits();
    }
    if (at - begin > MAX_NUMBER_CHARS) {
      throw refused("a number is longer than " + MAX_NUMBER_CHARS + " characters");
    }
  }

  private void digits() {
    int begin = at;
    while (peek() >= '0' && peek() <= '9') {
      at++;
    }
    if (at == begin) {
      throw refused(at < text.length() ? "a value was expected" : "it ends early");
    }
  }

  private void word(String word) {
    if (!text.startsWith(word, at)) {
      throw refused("a value was expected");
    }
    at += word.length();
  }

  private void blank() {
    while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') {
      at++;
    }
  }

  private boolean take(char c) {
    boolean there = at < text.length() && text.charAt(at) == c;
    at += there ? 1 : 0;
    return there;
  }

  private void expect(char c) {
    if (!take(c)) {
      throw refused(at < text.length() ? "'" + c + "' was expected" : "it ends early");
    }
  }

  private char next() {
    if (at == text.length()) {
      throw refused("it ends early");
    }
    return text.charAt(at++);
  }

  /** The next character, or 0 at the end: nowhere in JSON is there a bare 0. */
  private char peek() {
    return at < text.length() ? text.charAt(at) : 0;
  }

  private Refusal refused(String why) {
    return new Refusal(
        ErrorCode.MALFORMED_REQUEST,
        "The body is not well-formed JSON: %s (character %d).".formatted(why, at));
  }
}
