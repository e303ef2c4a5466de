/**
 * The chassis' protocol to controllers and to the command line. It belongs to no release, so it is
 * small and only ever grows: unknown fields are ignored, unknown types answered UNSUPPORTED.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.core.chassis;
