/**
 * The management side of a controller: the REST API, the event stream and the web console on HTTP.
 * It stands on the interfaces of {@link io.bascule.controller.service} alone. A standby answers by
 * passing requests on to the active controller.
 */
@NullMarked
package io.bascule.controller.rest;

import org.jspecify.annotations.NullMarked;
