/**
 * The ports between the engine that serves hosts, the formats that hold volumes, and the files
 * under them.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.core.volume;
