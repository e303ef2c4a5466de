/**
 * The shapes of the REST API's JSON, one record each, with the field names of the contract
 * (docs/api.md). Controller, command line and tests share them. A null component is {@code null} in
 * JSON. Times are ISO-8601 in UTC.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.core.api;
