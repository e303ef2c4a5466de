/** Tests against real processes, files, sockets and clients: the appliance as its users have it. */
@org.jspecify.annotations.NullMarked
package io.bascule.e2e;
