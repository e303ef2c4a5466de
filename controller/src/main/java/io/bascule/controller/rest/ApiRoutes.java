package io.bascule.controller.rest;

import static io.bascule.controller.rest.Route.Access.PUBLIC;
import static io.bascule.controller.rest.Route.Access.SIGNED_IN;
import static io.bascule.controller.rest.Route.Access.TOKEN_ONLY;

import io.bascule.controller.rest.Route.Call;
import io.bascule.core.ControllerId;
import io.bascule.core.Refusal;
import io.bascule.core.Slot;
import io.bascule.core.api.AlertView;
import io.bascule.core.api.CancelView;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.HistoryView;
import io.bascule.core.api.HostView;
import io.bascule.core.api.PackageView;
import io.bascule.core.api.SnapshotView;
import io.bascule.core.api.UpgradeView;
import io.bascule.core.api.VolumeView;
import io.javalin.http.HandlerType;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Every route that only an active controller can answer, in the order of docs/api.md. */
final class ApiRoutes {
  static final String API = "/api/v1";
  private static final String SNAPSHOTS = "/volumes/{name}/snapshots";
  private static final String SNAPSHOT = SNAPSHOTS + "/{snapshot}";
  private static final String FORM = "application/x-www-form-urlencoded";

  /** The place in the console that says so; no code and no reason stand in an address. */
  private static final String SIGN_IN_FAILED = "/sign-in?failed";

  private final RestSettings settings;
  private final Gate gate;
  private final EventStream events;
  private final List<Route> routes = new ArrayList<>();

  private ApiRoutes(RestSettings settings, Gate gate, EventStream events) {
    this.settings = settings;
    this.gate = gate;
    this.events = events;
  }

  static List<Route> all(RestSettings settings, Gate gate, EventStream events) {
    var api = new ApiRoutes(settings, gate, events);
    api.appliance();
    api.volumes();
    api.snapshots();
    api.hosts();
    api.packages();
    api.upgrade();
    api.controllers();
    api.alertsAndEvents();
    api.access();
    return List.copyOf(api.routes);
  }

  private void appliance() {
    get("/appliance", c -> Wire.answer(c.http(), 200, c.services().appliance().view()));
    get("/space", c -> Wire.answer(c.http(), 200, c.services().space().space()));
    add(
        HandlerType.GET,
        "/metrics",
        SIGNED_IN,
        c -> c.http().contentType(Metrics.MEDIA).result(Metrics.text(c.services())));
    add(
        HandlerType.GET,
        API + "/openapi.json",
        PUBLIC,
        c -> c.http().contentType(Wire.JSON).result(openApi()));
  }

  private void volumes() {
    get(
        "/volumes",
        c -> Wire.answerList(c.http(), VolumeView.class, c.services().volumes().list()));
    post(
        "/volumes",
        c -> {
          var body = Bodies.json(c.http(), VolumeView.Create.class);
          VolumeView made = c.services().volumes().create(body.name(), body.sizeBytes(), c.by());
          created(c, "/volumes/" + encoded(made.name()), made);
        });
    get(
        "/volumes/{name}",
        c -> Wire.answer(c.http(), 200, c.services().volumes().get(c.parameter("name"))));
    patch(
        "/volumes/{name}",
        c -> {
          var body = Bodies.json(c.http(), VolumeView.Resize.class);
          Wire.answer(
              c.http(),
              200,
              c.services().volumes().resize(c.parameter("name"), body.sizeBytes(), c.by()));
        });
    get("/volume-check", c -> Wire.answer(c.http(), 200, c.services().volumes().checkAll()));
    get(
        "/volumes/{name}/check",
        c -> Wire.answer(c.http(), 200, c.services().volumes().check(c.parameter("name"))));
    post(
        "/volumes/{name}/accept",
        c -> {
          Bodies.none(c.http());
          Wire.answer(c.http(), 200, c.services().volumes().accept(c.parameter("name"), c.by()));
        });
    delete(
        "/volumes/{name}",
        c -> {
          Bodies.none(c.http());
          c.services().volumes().delete(c.parameter("name"), c.by());
          c.http().status(204);
        });
  }

  private void snapshots() {
    get(
        "/snapshots",
        c -> Wire.answerList(c.http(), SnapshotView.class, c.services().snapshots().list()));
    get(
        SNAPSHOTS,
        c ->
            Wire.answerList(
                c.http(), SnapshotView.class, c.services().snapshots().list(c.parameter("name"))));
    post(
        SNAPSHOTS,
        c -> {
          var body = Bodies.json(c.http(), SnapshotView.Create.class);
          SnapshotView made =
              c.services().snapshots().create(c.parameter("name"), body.name(), c.by());
          created(
              c, "/volumes/" + encoded(made.volume()) + "/snapshots/" + encoded(made.name()), made);
        });
    get(
        SNAPSHOT,
        c ->
            Wire.answer(
                c.http(),
                200,
                c.services().snapshots().get(c.parameter("name"), c.parameter("snapshot"))));
    post(
        SNAPSHOT + "/clone",
        c -> {
          var body = Bodies.json(c.http(), SnapshotView.Clone.class);
          VolumeView made =
              c.services()
                  .snapshots()
                  .clone(c.parameter("name"), c.parameter("snapshot"), body.volume(), c.by());
          created(c, "/volumes/" + encoded(made.name()), made);
        });
    post(
        SNAPSHOT + "/rollback",
        c -> {
          Bodies.none(c.http());
          Wire.answer(
              c.http(),
              200,
              c.services()
                  .snapshots()
                  .rollback(c.parameter("name"), c.parameter("snapshot"), c.by()));
        });
    delete(
        SNAPSHOT,
        c -> {
          Bodies.none(c.http());
          c.services().snapshots().delete(c.parameter("name"), c.parameter("snapshot"), c.by());
          c.http().status(204);
        });
  }

  private void hosts() {
    get("/hosts", c -> Wire.answerList(c.http(), HostView.class, c.services().hosts().list()));
    post(
        "/hosts",
        c -> {
          var body = Bodies.json(c.http(), HostView.Create.class);
          HostView made = c.services().hosts().create(body, c.by());
          created(c, "/hosts/" + encoded(made.name()), made);
        });
    get(
        "/hosts/{name}",
        c -> Wire.answer(c.http(), 200, c.services().hosts().get(c.parameter("name"))));
    patch(
        "/hosts/{name}",
        c -> {
          var body = Bodies.json(c.http(), HostView.Change.class);
          Wire.answer(
              c.http(), 200, c.services().hosts().change(c.parameter("name"), body, c.by()));
        });
    delete(
        "/hosts/{name}",
        c -> {
          Bodies.none(c.http());
          c.services().hosts().remove(c.parameter("name"), c.by());
          c.http().status(204);
        });
  }

  private void packages() {
    get(
        "/packages",
        c -> Wire.answerList(c.http(), PackageView.class, c.services().packages().list()));
    post(
        "/packages",
        c ->
            Wire.answer(
                c.http(),
                201,
                PackageUpload.take(
                    c.http(), c.services().packages(), settings.maxUploadBytes(), c.by())));
  }

  private void upgrade() {
    get("/upgrade", c -> Wire.answer(c.http(), 200, c.services().upgrade().view()));
    post(
        "/upgrade",
        c -> {
          var body = Bodies.json(c.http(), UpgradeView.Start.class);
          if (Boolean.TRUE.equals(body.dryRun())) {
            Wire.answer(c.http(), 200, c.services().upgrade().dryRun(body));
          } else {
            Wire.answer(c.http(), 202, c.services().upgrade().start(body, c.by()));
          }
        });
    patch(
        "/upgrade",
        c -> {
          var body = Bodies.json(c.http(), UpgradeView.Change.class);
          Wire.answer(c.http(), 200, c.services().upgrade().change(body, c.by()));
        });
    get("/upgrade/cancel", c -> Wire.answer(c.http(), 200, c.services().upgrade().preview()));
    post(
        "/upgrade/cancel",
        c -> {
          var body = Bodies.json(c.http(), CancelView.Request.class);
          Wire.answer(c.http(), 200, c.services().upgrade().cancel(body, c.by()));
        });
    delete(
        "/upgrade/cancel",
        c -> {
          Bodies.none(c.http());
          Wire.answer(c.http(), 200, c.services().upgrade().withdraw(c.by()));
        });
    get(
        "/upgrades",
        c -> Wire.answerList(c.http(), HistoryView.class, c.services().upgrade().history()));
    get(
        "/upgrades/{id}/report",
        c -> Wire.answer(c.http(), 200, c.services().upgrade().report(c.parameter("id"))));
  }

  private void controllers() {
    post(
        "/controllers/handover",
        c -> {
          Bodies.none(c.http());
          done(c, c.services().controllers().handover(c.by()));
        });
    post(
        "/controllers/{id}/reboot",
        c -> {
          Bodies.none(c.http());
          done(c, c.services().controllers().reboot(controller(c), c.by()));
        });
    post(
        "/controllers/{id}/power-off",
        c -> {
          Bodies.none(c.http());
          done(c, c.services().controllers().powerOff(controller(c), c.by()));
        });
    post(
        "/controllers/{id}/power-on",
        c -> {
          var body = Bodies.json(c.http(), Wire.PowerOn.class, new Wire.PowerOn(null));
          String slot = body.slot();
          Slot wanted =
              slot == null
                  ? null
                  : switch (slot) {
                    case "A" -> Slot.A;
                    case "B" -> Slot.B;
                    default ->
                        throw new Refusal(
                            ErrorCode.INVALID_ARGUMENT, "'slot' must be \"A\" or \"B\".");
                  };
          done(c, c.services().controllers().powerOn(controller(c), wanted, c.by()));
        });
  }

  private void alertsAndEvents() {
    get("/alerts", c -> Wire.answerList(c.http(), AlertView.class, c.services().events().alerts()));
    post(
        "/alerts/{id}/acknowledge",
        c -> {
          Bodies.none(c.http());
          c.services().events().acknowledge(alert(c), c.by());
          c.http().status(204);
        });
    get("/events", events::serve);
  }

  private void access() {
    add(
        HandlerType.POST,
        API + "/sign-in-links",
        TOKEN_ONLY,
        c -> {
          Bodies.none(c.http());
          String code = c.services().access().newSignInCode(c.by());
          Wire.answer(
              c.http(),
              201,
              new Wire.SignInLink(code, Gate.base(c.http()) + "/sign-in?code=" + encoded(code)));
        });
    get("/session", c -> Wire.answer(c.http(), 200, new Wire.Session(c.by(), via(c))));
    post(
        "/sign-out",
        c -> {
          Bodies.none(c.http());
          gate.signOut(c.http(), c.services().access());
          c.http().status(204);
        });
    add(HandlerType.GET, "/sign-in", PUBLIC, this::followLink);
    add(HandlerType.POST, "/sign-in", PUBLIC, this::signIn);
  }

  /** What a person clicks. Whatever comes of it, it ends in the console. */
  private void followLink(Call c) {
    try {
      String code = c.http().queryParam("code");
      if (code == null) {
        throw new Refusal(ErrorCode.INVALID_ARGUMENT, "The link lacks its code.");
      }
      gate.signIn(c.http(), c.services().access(), code);
    } catch (Refusal e) {
      if (!Wire.wantsPage(c.http())) {
        throw e;
      }
      redirect(c, SIGN_IN_FAILED);
      return;
    }
    redirect(c, "/");
  }

  /** A form is answered with the console, a script with the plain outcome. */
  private void signIn(Call c) throws IOException {
    if (Bodies.isMedia(c.http(), FORM)) {
      gate.signIn(c.http(), c.services().access(), Bodies.formField(c.http(), "code"));
      redirect(c, "/");
    } else {
      var body = Bodies.json(c.http(), Wire.SignIn.class);
      gate.signIn(c.http(), c.services().access(), body.code());
      c.http().status(204);
    }
  }

  private static void redirect(Call c, String to) {
    c.http().status(303).header("Location", to);
  }

  private static String via(Call c) {
    return c.http().header("Authorization") == null ? "SESSION" : "TOKEN";
  }

  private static ControllerId controller(Call c) {
    return switch (c.parameter("id")) {
      case "0" -> ControllerId.CONTROLLER_0;
      case "1" -> ControllerId.CONTROLLER_1;
      default ->
          throw new Refusal(ErrorCode.NOT_FOUND, "There are controllers 0 and 1, and no other.");
    };
  }

  private static long alert(Call c) {
    try {
      return Long.parseLong(c.parameter("id"));
    } catch (NumberFormatException e) {
      throw new Refusal(ErrorCode.NOT_FOUND, "There is no such alert.");
    }
  }

  private static void created(Call c, String path, Object made) {
    c.http().header("Location", API + path);
    Wire.answer(c.http(), 201, made);
  }

  private static void done(Call c, String detail) {
    Wire.answer(c.http(), 202, new Wire.Done(detail));
  }

  private static String encoded(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }

  static byte[] openApi() throws IOException {
    try (InputStream in = ApiRoutes.class.getResourceAsStream("openapi.json")) {
      if (in == null) {
        throw new IOException("openapi.json is missing from the class path");
      }
      return in.readAllBytes();
    }
  }

  private void get(String path, Route.Action action) {
    add(HandlerType.GET, API + path, SIGNED_IN, action);
  }

  private void post(String path, Route.Action action) {
    add(HandlerType.POST, API + path, SIGNED_IN, action);
  }

  private void patch(String path, Route.Action action) {
    add(HandlerType.PATCH, API + path, SIGNED_IN, action);
  }

  private void delete(String path, Route.Action action) {
    add(HandlerType.DELETE, API + path, SIGNED_IN, action);
  }

  private void add(HandlerType method, String path, Route.Access access, Route.Action action) {
    routes.add(new Route(method, path, access, action));
  }
}
