/** Tests of what lies below the JDK, with real processes and files. */
@org.jspecify.annotations.NullMarked
package io.bascule.platform;
