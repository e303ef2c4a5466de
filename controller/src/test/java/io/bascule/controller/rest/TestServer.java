package io.bascule.controller.rest;

import io.bascule.controller.service.Services;
import io.bascule.core.ControllerId;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** A real server on a real socket over an appliance in memory, and a client for it. */
final class TestServer implements AutoCloseable {
  static final int MANAGEMENT_PORT = 13690;

  final InMemoryAppliance appliance;
  final AtomicReference<Optional<Services>> services;
  final AtomicReference<Optional<InetSocketAddress>> activeAddress =
      new AtomicReference<>(Optional.empty());
  final RestServer server;
  final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  private TestServer(InMemoryAppliance appliance, ControllerId id, boolean active)
      throws IOException {
    this.appliance = appliance;
    this.services =
        new AtomicReference<>(active ? Optional.of(appliance.services()) : Optional.empty());
    this.server =
        new RestServer(
            new RestSettings(
                id,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                MANAGEMENT_PORT,
                4 << 20,
                8_000),
            services::get,
            activeAddress::get);
    server.start();
  }

  static TestServer active(Path folder) throws IOException {
    return new TestServer(new InMemoryAppliance(folder), ControllerId.CONTROLLER_0, true);
  }

  static TestServer standby(Path folder) throws IOException {
    return new TestServer(new InMemoryAppliance(folder), ControllerId.CONTROLLER_1, false);
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.fixedAddress().getPort() + path);
  }

  HttpRequest.Builder request(String method, String path, String body) {
    var builder = HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(10));
    if (body.isEmpty()) {
      return builder.method(method, BodyPublishers.noBody());
    }
    return builder
        .header("Content-Type", "application/json")
        .method(method, BodyPublishers.ofString(body));
  }

  HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
    return client.send(request.build(), BodyHandlers.ofString());
  }

  /** With the access token. */
  HttpResponse<String> call(String method, String path, String body)
      throws IOException, InterruptedException {
    return send(
        request(method, path, body).header("Authorization", "Bearer " + InMemoryAppliance.TOKEN));
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return call("GET", path, "");
  }

  @Override
  public void close() {
    client.shutdownNow();
    server.stop();
  }
}
