/** Tests of the migration. */
@org.jspecify.annotations.NullMarked
package io.bascule.migration;
