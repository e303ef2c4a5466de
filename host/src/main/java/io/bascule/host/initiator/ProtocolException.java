package io.bascule.host.initiator;

import java.io.IOException;

/** The target sent something that the standard does not allow. The connection is dropped. */
public final class ProtocolException extends IOException {
  private static final long serialVersionUID = 1L;

  public ProtocolException(String message) {
    super(message);
  }
}
