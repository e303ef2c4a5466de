package io.bascule.host.initiator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TargetUrlTest {
  @Test
  void shouldReadEveryPart() {
    TargetUrl url = TargetUrl.parse("iscsi://me%s3cret/+@10.0.0.1:3999/iqn.2026-11.x:y/12");
    assertThat(url.host()).isEqualTo("10.0.0.1");
    assertThat(url.port()).isEqualTo(3999);
    assertThat(url.target()).isEqualTo("iqn.2026-11.x:y");
    assertThat(url.lun()).isEqualTo(12);
    assertThat(url.credentials()).isEqualTo(Credentials.oneWay("me", "s3cret/+"));
  }

  @Test
  void shouldNeverShowTheSecret() {
    TargetUrl url = TargetUrl.parse("iscsi://me%s3cret@h/iqn.x/0");
    assertThat(url).hasToString("iscsi://me@h:3260/iqn.x/0");
    assertThat(String.valueOf(url.credentials())).doesNotContain("s3cret");
  }

  @Test
  void shouldReadIpv6() {
    TargetUrl url = TargetUrl.parse("iscsi://[::1]:3260/iqn.x/0");
    assertThat(url.host()).isEqualTo("::1");
    assertThat(url.portal()).isEqualTo("[::1]:3260");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "http://h/iqn.x/0",
        "iscsi://h/iqn.x",
        "iscsi://h:0/iqn.x/0",
        "iscsi://h:70000/iqn.x/0",
        "iscsi://h/iqn.x/99999",
        "iscsi:///iqn.x/0"
      })
  void shouldRefuseWhatIsNone(String text) {
    assertThatThrownBy(() -> TargetUrl.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldAddressHighLunsFlat() {
    assertThat(Session.encodeLun(5)).isEqualTo(0x0005_0000_0000_0000L);
    assertThat(Session.encodeLun(300)).isEqualTo(0x412c_0000_0000_0000L);
  }
}
