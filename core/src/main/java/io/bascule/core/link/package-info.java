/** Framed messages of the peer link and of the chassis. */
@org.jspecify.annotations.NullMarked
package io.bascule.core.link;
