/**
 * Release packages: what a release says of itself (the manifest), who vouches for it (signatures by
 * trusted keys), how the file is read without trusting it, and how it becomes a boot slot that is
 * either complete or counts as empty.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.release;
