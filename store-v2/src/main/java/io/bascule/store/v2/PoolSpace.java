package io.bascule.store.v2;

/**
 * Space of a pool.
 *
 * @param capacityBytes what its segments may take in all
 * @param usedBytes what they take
 * @param freeBytes what they may still take, the reserve included
 * @param reserveBytes which only cleaning may use
 * @param garbageBytes about how much of the used space cleaning can free
 * @param allocatedBytes what volumes and snapshots hold, before compression; shared blocks count
 *     once for each
 * @param indexBytes memory of the extent index
 */
public record PoolSpace(
    long capacityBytes,
    long usedBytes,
    long freeBytes,
    long reserveBytes,
    long garbageBytes,
    long allocatedBytes,
    long indexBytes) {}
