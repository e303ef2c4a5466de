/** The controller's ends of the link to the chassis and of the peer link. */
@org.jspecify.annotations.NullMarked
package io.bascule.controller.link;
