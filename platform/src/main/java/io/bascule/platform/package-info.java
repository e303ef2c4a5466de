/**
 * Linux below the JDK: local files, open-file-description locks, process identity, where things
 * lie.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.platform;
