package io.bascule.store.v2;

import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** For tests that do damage on purpose: it is logged as what it is, which helps nobody here. */
final class Quiet implements BeforeAllCallback, AfterAllCallback {
  private static final Logger LOG = Logger.getLogger("io.bascule.store.v2");

  @Override
  public void beforeAll(ExtensionContext context) {
    LOG.setLevel(Level.OFF);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    LOG.setLevel(null);
  }
}
