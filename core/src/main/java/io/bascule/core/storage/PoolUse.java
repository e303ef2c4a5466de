package io.bascule.core.storage;

/**
 * What a pool of volumes holds, and what that takes.
 *
 * @param allocatedBytes of volumes and snapshots, before compression; what several share counts
 *     once for each
 * @param usedBytes by its data in the directory
 * @param reclaimableBytes about how much of {@code usedBytes} nobody needs any more
 */
public record PoolUse(long allocatedBytes, long usedBytes, long reclaimableBytes) {}
