/**
 * An iSCSI initiator (RFC 7143): discovery, one session with one connection, and what a good host
 * does when a portal goes away: it logs in again and issues every unanswered command once more.
 *
 * <p>The protocol itself is free of I/O ({@link io.bascule.host.initiator.PduDecoder}, {@code
 * LoginExchange}, {@code Chap}); {@code Connection} moves bytes; {@link
 * io.bascule.host.initiator.Session} owns commands and threads.
 */
@NullMarked
package io.bascule.host.initiator;

import org.jspecify.annotations.NullMarked;
