package io.bascule.core.api;

/**
 * GET /space: what volumes and snapshots hold, and what that takes in the enclosure.
 *
 * @param format of the volumes, 1 or 2
 * @param allocatedBytes what volumes and snapshots hold that is not a hole, before compression;
 *     what several of them share counts once for each
 * @param usedBytes what that takes in the enclosure
 * @param reclaimableBytes about how much of {@code usedBytes} holds nothing any more and is given
 *     back in the background
 * @param freeBytes what the enclosure may still take
 */
public record SpaceView(
    int format, long allocatedBytes, long usedBytes, long reclaimableBytes, long freeBytes) {}
