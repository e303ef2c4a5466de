package io.bascule.iscsi;

import java.net.InetSocketAddress;

/**
 * Where the target listens.
 *
 * @param groupTag target portal group tag; also the target port group and the relative target port
 * @param floating whether the address moves to the other controller on a handover
 */
public record PortalSpec(InetSocketAddress address, int groupTag, boolean floating) {}
