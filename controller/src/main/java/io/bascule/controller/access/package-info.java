/** Who may call: the access token, sign-in codes, sessions. Only hashes are kept. */
@org.jspecify.annotations.NullMarked
package io.bascule.controller.access;
