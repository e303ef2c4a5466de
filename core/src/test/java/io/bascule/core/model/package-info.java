/** The model of upgrade, cancel, commit and fencing in {@code docs/model}, checked by TLC. */
@org.jspecify.annotations.NullMarked
package io.bascule.core.model;
