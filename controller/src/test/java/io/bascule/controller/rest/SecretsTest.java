package io.bascule.controller.rest;

import static org.assertj.core.api.Assertions.assertThat;

import io.bascule.controller.catalog.Catalog;
import io.bascule.core.api.HostView;
import io.bascule.iscsi.Chap;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What carries a secret does not show it when somebody writes it into a log or a message. */
class SecretsTest {
  private static final String SECRET = "never-to-be-seen";

  private static Object carrier(String kind) {
    return switch (kind) {
      case "link" -> new Wire.SignInLink(SECRET, "http://127.0.0.1/sign-in?code=" + SECRET);
      case "sign-in" -> new Wire.SignIn(SECRET);
      case "new host" -> new HostView.Create("web", "*", "web", SECRET, List.of("*"));
      case "changed host" -> new HostView.Change("web", SECRET, List.of("*"));
      case "host" -> new Catalog.HostEntry("web", "*", "web", SECRET, List.of("*"));
      case "chap" -> new Chap("web", SECRET);
      default -> throw new IllegalArgumentException(kind);
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"link", "sign-in", "new host", "changed host", "host", "chap"})
  void shouldNotShowASecret(String kind) {
    assertThat(carrier(kind).toString()).isNotEmpty().doesNotContain(SECRET);
  }
}
