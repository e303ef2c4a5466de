package io.bascule.cli.chassis;

/**
 * When something happened.
 *
 * @param runMillis time in which the chassis itself ran; all deadlines are in it, so that a chassis
 *     that was stopped or starved blames nobody for its own absence
 * @param wallMillis the wall clock, only ever shown
 */
record Moment(long runMillis, long wallMillis) {}
