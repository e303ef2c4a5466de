package io.bascule.controller.rest;

import io.bascule.controller.service.Services;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;

/** One route of the server: method, path with {@code {parameters}}, who may, and what it does. */
record Route(HandlerType method, String path, Access access, Action action) {

  /** Who may call a route. */
  enum Access {
    /** Anybody. */
    PUBLIC,
    /** The holder of the token or of a session. */
    SIGNED_IN,
    /** The holder of the token alone: a session must not make further ones. */
    TOKEN_ONLY
  }

  /** What a route does with a call. */
  @FunctionalInterface
  interface Action {
    void handle(Call call) throws Exception;
  }

  /**
   * A call that may proceed.
   *
   * @param by the name for the history; empty on a public route
   */
  record Call(Context http, Services services, String by) {
    /** A parameter of the path, decoded. */
    String parameter(String name) {
      return http.pathParam(name);
    }
  }
}
