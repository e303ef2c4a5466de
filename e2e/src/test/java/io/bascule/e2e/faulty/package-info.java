/** Main classes of bad releases, packed and signed like good ones. */
@org.jspecify.annotations.NullMarked
package io.bascule.e2e.faulty;
