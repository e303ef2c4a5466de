/** Tests of the migration's decisions. */
@org.jspecify.annotations.NullMarked
package io.bascule.core.migration;
