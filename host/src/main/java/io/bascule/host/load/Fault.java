package io.bascule.host.load;

import io.avaje.jsonb.Json;

/**
 * One wrong 512-byte block.
 *
 * @param volume the volume's URL, without secret
 * @param lba its address, in blocks
 * @param detail what was expected and what was found
 */
@Json
public record Fault(FaultKind kind, String volume, long lba, String detail) {}
