@org.jspecify.annotations.NullMarked
package io.bascule.cli.client;
