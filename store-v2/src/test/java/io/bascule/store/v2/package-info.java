@org.jspecify.annotations.NullMarked
package io.bascule.store.v2;
