package io.bascule.cli.client;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongConsumer;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1.1 request and its answer on one connection. Small on purpose: the JDK's client takes
 * longer to start than a whole `bascule status` may last. Used by one thread.
 */
final class HttpExchange {
  /** An answer of the API is at most a few hundred kilobytes; more is not the API. */
  private static final int MAX_BODY_BYTES = 32 << 20;

  private static final int MAX_HEAD_BYTES = 64 << 10;

  /** Loopback or a LAN: who does not accept within this does not listen. */
  private static final int CONNECT_TIMEOUT_MILLIS = 1_000;

  /** What is sent along. */
  record Body(String type, long length, InputStream bytes, LongConsumer progress) {
    static Body json(String json) {
      byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
      return new Body(
          "application/json", bytes.length, new java.io.ByteArrayInputStream(bytes), sent -> {});
    }
  }

  /** What came back. */
  record Answer(int status, String contentType, String body) {}

  /** Nobody listens there: nothing was sent. */
  static final class NotConnected extends IOException {
    private static final long serialVersionUID = 1L;

    NotConnected(String message, IOException cause) {
      super(message, cause);
    }
  }

  private HttpExchange() {}

  static Answer send(
      URI base, String method, String path, String token, @Nullable Body body, int timeoutMillis)
      throws IOException {
    try (var socket = connect(base)) {
      socket.setSoTimeout(timeoutMillis);
      socket.setTcpNoDelay(true);
      IOException broken = null;
      try {
        write(socket.getOutputStream(), base, method, path, token, body);
      } catch (IOException e) {
        broken = e; // the server may have answered early, and closed: its words matter more
      }
      try {
        return read(new BufferedInputStream(socket.getInputStream()));
      } catch (IOException e) {
        if (broken != null) {
          broken.addSuppressed(e);
          throw broken;
        }
        throw e;
      }
    }
  }

  private static Socket connect(URI base) throws IOException {
    var socket = new Socket();
    boolean connected = false;
    try {
      socket.connect(new InetSocketAddress(base.getHost(), base.getPort()), CONNECT_TIMEOUT_MILLIS);
      if (base.getScheme().equals("https")) {
        var factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
        var secure = (SSLSocket) factory.createSocket(socket, base.getHost(), base.getPort(), true);
        var parameters = secure.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        secure.setSSLParameters(parameters);
        secure.setSoTimeout(CONNECT_TIMEOUT_MILLIS);
        secure.startHandshake();
        connected = true;
        return secure;
      }
      connected = true;
      return socket;
    } catch (IOException e) {
      String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      throw new NotConnected(base.getAuthority() + ": " + why, e);
    } finally {
      if (!connected) {
        socket.close();
      }
    }
  }

  private static void write(
      OutputStream out, URI base, String method, String path, String token, @Nullable Body body)
      throws IOException {
    var head = new StringBuilder(256);
    head.append(method).append(' ').append(path).append(" HTTP/1.1\r\n");
    head.append("Host: ").append(base.getAuthority()).append("\r\n");
    head.append("Authorization: Bearer ").append(token).append("\r\n");
    head.append("Accept: application/json, application/problem+json\r\n");
    head.append("User-Agent: bascule-cli\r\n");
    head.append("Connection: close\r\n");
    if (body != null) {
      head.append("Content-Type: ").append(body.type()).append("\r\n");
      head.append("Content-Length: ").append(body.length()).append("\r\n");
    } else if (!method.equals("GET")) {
      head.append("Content-Length: 0\r\n");
    }
    out.write(head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8));
    if (body != null) {
      byte[] chunk = new byte[64 << 10];
      long sent = 0;
      while (sent < body.length()) {
        int n = body.bytes().read(chunk, 0, (int) Math.min(chunk.length, body.length() - sent));
        if (n < 0) {
          throw new EOFException("the file became shorter while it was sent");
        }
        out.write(chunk, 0, n);
        sent += n;
        body.progress().accept(sent);
      }
    }
    out.flush();
  }

  private static Answer read(InputStream in) throws IOException {
    int status;
    Map<String, String> headers;
    do {
      int[] budget = {MAX_HEAD_BYTES};
      String first = line(in, budget);
      String[] words = first.split(" ", 3);
      if (words.length < 2 || !words[0].startsWith("HTTP/1.")) {
        throw new IOException("this is no HTTP answer: " + first);
      }
      try {
        status = Integer.parseInt(words[1]);
      } catch (NumberFormatException e) {
        throw new IOException("this is no HTTP answer: " + first, e);
      }
      headers = new HashMap<>();
      for (String line = line(in, budget); !line.isEmpty(); line = line(in, budget)) {
        int colon = line.indexOf(':');
        if (colon > 0) {
          headers.put(
              line.substring(0, colon).strip().toLowerCase(Locale.ROOT),
              line.substring(colon + 1).strip());
        }
      }
    } while (status >= 100 && status < 200);
    byte[] body = status == 204 ? new byte[0] : body(in, headers);
    String type = headers.getOrDefault("content-type", "");
    return new Answer(status, type, new String(body, StandardCharsets.UTF_8));
  }

  private static byte[] body(InputStream in, Map<String, String> headers) throws IOException {
    String transfer = headers.getOrDefault("transfer-encoding", "");
    if (transfer.toLowerCase(Locale.ROOT).contains("chunked")) {
      return chunks(in);
    }
    String length = headers.get("content-length");
    if (length == null) {
      byte[] bytes = in.readNBytes(MAX_BODY_BYTES + 1);
      if (bytes.length > MAX_BODY_BYTES) {
        throw new IOException("the answer is too large");
      }
      return bytes;
    }
    return exactly(in, number(length, 10));
  }

  private static byte[] chunks(InputStream in) throws IOException {
    var whole = new ByteArrayOutputStream();
    while (true) {
      int[] budget = {MAX_HEAD_BYTES};
      String size = line(in, budget);
      int extension = size.indexOf(';');
      int bytes = number(extension < 0 ? size : size.substring(0, extension), 16);
      if (bytes == 0) {
        while (!line(in, budget).isEmpty()) {
          // trailers carry nothing we use
        }
        return whole.toByteArray();
      }
      if (whole.size() + bytes > MAX_BODY_BYTES) {
        throw new IOException("the answer is too large");
      }
      whole.write(exactly(in, bytes));
      line(in, budget);
    }
  }

  private static int number(String text, int radix) throws IOException {
    try {
      int number = Integer.parseInt(text.strip(), radix);
      if (number >= 0 && number <= MAX_BODY_BYTES) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw new IOException("'" + text + "' is no length", e);
    }
    throw new IOException("an answer of " + text + " bytes is too large");
  }

  private static byte[] exactly(InputStream in, int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("the connection closed in the middle of the answer");
    }
    return bytes;
  }

  /** The next line without its end; {@code budget[0]} bytes are left for the head. */
  private static String line(InputStream in, int[] budget) throws IOException {
    var line = new ByteArrayOutputStream(80);
    while (true) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException("the connection closed before the answer");
      }
      if (--budget[0] < 0) {
        throw new IOException("the answer's head is too large");
      }
      if (b == '\n') {
        return line.toString(StandardCharsets.UTF_8).stripTrailing();
      }
      line.write(b);
    }
  }
}
