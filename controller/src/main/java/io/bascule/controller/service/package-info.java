/**
 * What a controller offers while it is active, as the REST API and the upgrade see it. Methods
 * throw {@link io.bascule.core.Refusal} for what is expected not to work.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.controller.service;
