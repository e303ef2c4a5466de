/**
 * The port between the controller and the storage its release brings along. A release whose package
 * holds no {@link io.bascule.core.storage.StorageProvider} serves format 1.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.core.storage;
