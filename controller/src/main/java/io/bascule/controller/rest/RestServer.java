package io.bascule.controller.rest;

import io.bascule.controller.service.Services;
import io.bascule.core.Check;
import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;

/**
 * The management server of one controller: its fixed port from start to stop, and the floating port
 * while it is active. While this controller has no services it passes what belongs to the active
 * one on, and serves the console itself.
 *
 * <p>{@link #start}, {@link #openFloating}, {@link #closeFloating} and {@link #stop} are called by
 * the controller's owner thread, one at a time; requests run on virtual threads.
 */
public final class RestServer {
  private static final Logger LOG = System.getLogger(RestServer.class.getName());

  /** Consoles and event streams of a few administrators on each of six browser connections. */
  private static final int MAX_CONNECTIONS = 1_000;

  /** The demoted controller's process is gone in well under that, and its port with it. */
  private static final long FLOATING_BIND_MILLIS = 10_000;

  private static final long FLOATING_BIND_PAUSE_MILLIS = 20;

  private final RestSettings settings;
  private final Supplier<Optional<Services>> activeServices;
  private final Gate gate;
  private final EventStream events;
  private final PassOn passOn;
  private final ConsoleFiles console = new ConsoleFiles();
  private final List<Route> routes;
  private @Nullable Javalin javalin;
  private @Nullable ServerConnector fixed;
  private @Nullable ServerConnector floating;

  /**
   * @param activeServices what to answer with; empty while this controller is not active
   * @param activeFixedAddress the fixed management address of the active controller, where known
   */
  public RestServer(
      RestSettings settings,
      Supplier<Optional<Services>> activeServices,
      Supplier<Optional<InetSocketAddress>> activeFixedAddress) {
    this.settings = settings;
    this.activeServices = activeServices;
    this.gate = new Gate(settings);
    this.events = new EventStream(activeServices);
    this.passOn = new PassOn(settings, activeFixedAddress);
    var all = new ArrayList<>(ApiRoutes.all(settings, gate, events));
    all.add(
        new Route(HandlerType.GET, "/healthz", Route.Access.PUBLIC, call -> health(call.http())));
    this.routes = List.copyOf(all);
  }

  /** What this server answers. */
  List<Route> routes() {
    return routes;
  }

  /** How many event streams are open. */
  int subscriberCount() {
    return events.subscriberCount();
  }

  /**
   * Opens the fixed port.
   *
   * @throws IOException if the port is taken, or the address would need TLS
   */
  public void start() throws IOException {
    Check.that(javalin == null, "the management server was started already");
    requireLoopback(settings.fixedAddress());
    Javalin made = Javalin.create(this::configure);
    javalin = made;
    try {
      made.start();
    } catch (RuntimeException e) {
      throw new IOException("cannot serve management on " + settings.fixedAddress(), e);
    }
  }

  /** Where the fixed port is; with port 0 in the settings, the one that was free. */
  public InetSocketAddress fixedAddress() {
    ServerConnector connector = fixedConnector();
    Check.that(connector.isRunning(), "the management server is not running");
    return new InetSocketAddress(settings.fixedAddress().getAddress(), connector.getLocalPort());
  }

  /**
   * Opens the floating port too, with this controller's promotion. The controller that had it may
   * still be going down: tries for a bounded time.
   *
   * @throws IOException if it stays taken
   */
  public void openFloating(InetSocketAddress address) throws IOException {
    Check.that(floating == null, "the floating port is open already");
    requireLoopback(address);
    Server server = server();
    var http =
        fixedConnector().getConnectionFactory(HttpConnectionFactory.class).getHttpConfiguration();
    var connector = aim(new FloatingConnector(server, http), address);
    connector.setName("floating");
    bind(connector, address);
    server.addConnector(connector);
    try {
      connector.start();
    } catch (Exception e) {
      server.removeConnector(connector);
      connector.close();
      throw new IOException("cannot serve management on " + address, e);
    }
    floating = connector;
  }

  private static void bind(ServerConnector connector, InetSocketAddress address)
      throws IOException {
    long deadlineNanos = System.nanoTime() + FLOATING_BIND_MILLIS * 1_000_000L;
    while (true) {
      try {
        connector.open();
        return;
      } catch (BindException e) {
        if (System.nanoTime() >= deadlineNanos) {
          throw new IOException("the floating port stays taken: " + address, e);
        }
      } catch (IOException e) {
        if (!(e.getCause() instanceof BindException) || System.nanoTime() >= deadlineNanos) {
          throw new IOException("cannot take the floating port " + address, e);
        }
      }
      try {
        Thread.sleep(FLOATING_BIND_PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while taking the floating port " + address, e);
      }
    }
  }

  /** Closes the floating port and its connections, and every event stream. */
  public void closeFloating() {
    ServerConnector connector = floating;
    if (connector == null) {
      return;
    }
    floating = null;
    events.close();
    try {
      connector.stop();
    } catch (Exception e) {
      LOG.log(Level.WARNING, "the floating management port did not close in order", e);
    }
    server().removeConnector(connector);
  }

  /** Closes everything, at once. */
  public void stop() {
    events.close();
    passOn.close();
    Javalin running = javalin;
    if (running != null) {
      running.stop();
    }
  }

  /** Whether the path is answered by the active controller alone, not by a file of the console. */
  static boolean belongsToActive(String path) {
    return path.startsWith("/api/")
        || path.equals("/api")
        || path.equals("/sign-in")
        || path.equals("/metrics");
  }

  private void configure(JavalinConfig config) {
    config.startup.showJavalinBanner = false;
    config.startup.showOldJavalinVersionWarning = false;
    config.startup.startupWatcherEnabled = false;
    config.http.compressionStrategy = CompressionStrategy.NONE;
    config.http.prefer405over404 = true;
    config.router.treatMultipleSlashesAsSingleSlash = false;
    config.jetty.threadPool = threads();
    config.jetty.modifyHttpConfiguration(http -> {
      http.setSendServerVersion(false);
      http.setSendDateHeader(false);
      http.setRequestHeaderSize(16 << 10);
    });
    config.jetty.modifyServer(server -> {
      server.setStopTimeout(0);
      server.setErrorHandler(new HttpLayerErrors());
      server.addBean(new NetworkConnectionLimit(MAX_CONNECTIONS, server));
    });
    config.jetty.addConnector((server, http) -> {
      var connector =
          aim(
              new ServerConnector(server, 1, 1, new HttpConnectionFactory(http)),
              settings.fixedAddress());
      connector.setName("fixed");
      fixed = connector;
      return connector;
    });
    config.resourceHandler(console);
    config.routes.before(this::beforeAll);
    for (Route route : routes) {
      config.routes.addHttpHandler(route.method(), route.path(), http -> serve(route, http));
    }
    config.routes.exception(Refusal.class, (refusal, http) -> refused(http, refusal));
    config.routes.exception(HttpResponseException.class, this::unrouted);
    config.routes.exception(EofException.class, (gone, http) -> clientIsGone(http, gone));
    config.routes.exception(Exception.class, (e, http) -> failed(http, e));
  }

  /** Small: requests run on virtual threads; these accept, select and time out. */
  private static QueuedThreadPool threads() {
    var pool = new QueuedThreadPool(12, 2);
    pool.setName("management");
    pool.setReservedThreads(0);
    pool.setVirtualThreadsExecutor(
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("rest-", 0).factory()));
    return pool;
  }

  private ServerConnector aim(ServerConnector connector, InetSocketAddress address) {
    connector.setHost(address.getAddress().getHostAddress());
    connector.setPort(address.getPort());
    connector.setIdleTimeout(settings.idleMillis());
    return connector;
  }

  private void beforeAll(Context http) throws IOException {
    SecurityHeaders.set(http);
    if (isSignInPage(http)) {
      if (console.page(http)) {
        http.skipRemainingHandlers();
      }
    } else if (belongsToActive(http.path()) && activeServices.get().isEmpty()) {
      passOn.pass(http, fixedAddress());
      http.skipRemainingHandlers();
    }
  }

  /**
   * The place in the console where a person signs in, at the same path as the links. A link that
   * did not work leads there, too, and says so in the query, also while no controller is active.
   */
  private static boolean isSignInPage(Context http) {
    String query = http.req().getQueryString();
    return http.path().equals("/sign-in")
        && http.req().getMethod().equals("GET")
        && (query == null || query.equals("failed"));
  }

  /**
   * A person who follows a sign-in link while no controller is active gets the console instead of a
   * problem: it tells what goes on, and offers the link's code until somebody takes it.
   */
  private void refused(Context http, Refusal refusal) {
    if (refusal.code() == ErrorCode.NO_ACTIVE && isFollowedLink(http) && console.page(http)) {
      http.status(refusal.code().status())
          .header("Retry-After", Problems.RETRY_AFTER_SECONDS)
          .header("Cache-Control", "no-store");
      return;
    }
    Problems.answer(http, refusal);
  }

  private static boolean isFollowedLink(Context http) {
    return http.path().equals("/sign-in")
        && http.req().getMethod().equals("GET")
        && Wire.wantsPage(http);
  }

  private void serve(Route route, Context http) throws Exception {
    if (!belongsToActive(route.path())) {
      health(http);
      return;
    }
    Services services = services();
    String by =
        switch (route.access()) {
          case PUBLIC -> "";
          case SIGNED_IN -> gate.require(http, services.access()).name();
          case TOKEN_ONLY -> {
            Gate.Caller caller = gate.require(http, services.access());
            if (!caller.byToken()) {
              throw new Refusal(
                  ErrorCode.FORBIDDEN, "Only the holder of the access token may do that.");
            }
            yield caller.name();
          }
        };
    route.action().handle(new Route.Call(http, services, by));
  }

  private Services services() {
    return activeServices
        .get()
        .orElseThrow(
            () -> new Refusal(ErrorCode.NO_ACTIVE, "This controller has just stopped serving."));
  }

  private void health(Context http) {
    String role = activeServices.get().isPresent() ? "ACTIVE" : "STANDBY";
    Wire.answer(http, 200, new Wire.Health("UP", settings.id().number(), role));
  }

  /** No route matches, or the HTTP layer refuses the request. */
  private void unrouted(HttpResponseException e, Context http) {
    try {
      if (belongsToActive(http.path()) && !isPublic(http.path())) {
        gate.require(http, services().access());
      }
      Problems.answer(http, unmatched(e, http));
    } catch (Refusal refusal) {
      Problems.answer(http, refusal);
    }
  }

  private boolean isPublic(String path) {
    return routes.stream()
        .anyMatch(route -> route.path().equals(path) && route.access() == Route.Access.PUBLIC);
  }

  private Refusal unmatched(HttpResponseException e, Context http) {
    return switch (e.getStatus()) {
      case 404 -> new Refusal(ErrorCode.NOT_FOUND, "There is nothing at " + http.path() + ".");
      case 405 -> {
        String allowed = allowed(http.path());
        http.header("Allow", allowed);
        yield new Refusal(
            ErrorCode.METHOD_NOT_ALLOWED, "%s knows %s.".formatted(http.path(), allowed));
      }
      case 413 -> new Refusal(ErrorCode.TOO_LARGE, "The request is too large.");
      default -> {
        String message = e.getMessage();
        yield new Refusal(
            e.getStatus() >= 500 ? ErrorCode.INTERNAL : ErrorCode.MALFORMED_REQUEST,
            message == null ? "The request cannot be read." : message);
      }
    };
  }

  private String allowed(String path) {
    return routes.stream()
        .filter(route -> matches(route.path(), path))
        .map(route -> route.method().name())
        .distinct()
        .sorted()
        .collect(Collectors.joining(", "));
  }

  private static boolean matches(String pattern, String path) {
    String[] wanted = pattern.split("/", -1);
    String[] present = path.split("/", -1);
    if (wanted.length != present.length) {
      return false;
    }
    for (int i = 0; i < wanted.length; i++) {
      if (!wanted[i].startsWith("{") && !wanted[i].equals(present[i])) {
        return false;
      }
    }
    return true;
  }

  private void failed(Context http, Exception e) {
    if (http.res().isCommitted()) {
      // Too late for another answer: the client sees this one cut off.
      LOG.log(Level.DEBUG, "an answer to " + http.path() + " was cut off", e);
      return;
    }
    Problems.internal(http, settings.id(), e);
  }

  private static void clientIsGone(Context http, EofException e) {
    LOG.log(Level.DEBUG, "the client of " + http.path() + " is gone", e);
  }

  private static void requireLoopback(InetSocketAddress address) throws IOException {
    if (address.getAddress() == null || !address.getAddress().isLoopbackAddress()) {
      throw new IOException(
          "Management on "
              + address
              + " would need TLS, which this release does not offer: tokens must not cross a"
              + " network in the clear. Use a loopback address, and reach it through SSH.");
    }
  }

  private Server server() {
    Javalin running = javalin;
    if (running == null) {
      throw new IllegalStateException("the management server is not running");
    }
    return running.jettyServer().server();
  }

  private ServerConnector fixedConnector() {
    ServerConnector connector = fixed;
    if (connector == null) {
      throw new IllegalStateException("the management server is not running");
    }
    return connector;
  }
}
