/**
 * The client side of the REST API: finds the appliance, talks to whichever of its ports answers,
 * and turns what comes back into an answer, a refusal, or "not reachable".
 */
@org.jspecify.annotations.NullMarked
package io.bascule.cli.client;
