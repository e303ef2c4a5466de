package io.bascule.store.v2;

import java.util.List;

/**
 * What scrubbing has seen since the pool was opened.
 *
 * @param passes times that everything was read
 * @param segmentsLeft of the pass that runs
 * @param blocksVerified of 4096 bytes
 * @param findings the last ones that nobody writes anew, bounded
 */
public record ScrubReport(
    long passes, int segmentsLeft, long blocksVerified, List<Finding> findings) {}
