/**
 * The records of {@code core.api} as JSON. A module of its own, so that the adapters are generated
 * once: controller and command line share them, and may be on one class path.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.json;
