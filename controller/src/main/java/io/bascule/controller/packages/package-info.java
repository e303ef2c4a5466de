/**
 * The release packages in the enclosure, and how one becomes a boot slot of this controller. Knows
 * nothing of upgrades: it says what is there and makes a slot hold a release.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.controller.packages;
