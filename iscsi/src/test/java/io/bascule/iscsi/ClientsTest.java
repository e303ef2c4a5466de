package io.bascule.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Initiators that others wrote: libiscsi's tools and QEMU's. They must be installed. */
@Timeout(120)
final class ClientsTest {
  private static final String IQN = "iqn.2026-11.io.bascule:clients";
  private static final String HOST = "iqn.2026-11.example:chap";
  private static final long SIZE_BYTES = 64L << 20;

  @TempDir Path directory;
  private FileVolume volume;
  private IscsiTarget target;
  private int floating;
  private int fixed;

  @BeforeEach
  void open() throws IOException {
    volume = new FileVolume(directory.resolve("volume"), SIZE_BYTES);
    target = new IscsiTarget(new TargetSettings(IQN));
    target.keepReservations(new KeptReservations());
    InetSocketAddress any = new InetSocketAddress("127.0.0.1", 0);
    Portal first = target.open(new PortalSpec(any, 3, true));
    Portal second = target.open(new PortalSpec(any, 1, false));
    floating = first.localAddress().getPort();
    fixed = second.localAddress().getPort();
    target.update(
        new TargetView(
            List.of(
                new Lun(0, "v", volume.uuid(), SIZE_BYTES, Optional.of(volume)),
                new Lun(5, "w", volume.uuid(), SIZE_BYTES, Optional.of(volume))),
            List.of(
                new Host("any", Host.ANY, Optional.empty(), Optional.of(Set.of(0))),
                new Host(
                    "chap",
                    HOST,
                    Optional.of(new Chap("keeper", "secret-of-chap")),
                    Optional.empty())),
            Map.of(
                1, AccessState.ACTIVE_OPTIMIZED,
                2, AccessState.STANDBY,
                3, AccessState.ACTIVE_OPTIMIZED),
            List.of(
                new PortalSpec(first.localAddress(), 3, true),
                new PortalSpec(second.localAddress(), 1, false))));
  }

  @AfterEach
  void close() {
    target.close();
    volume.close();
  }

  private record Result(int code, String output) {}

  private Result run(String... command) throws IOException, InterruptedException {
    Path output = Files.createTempFile(directory, "out", ".txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    process.getOutputStream().close();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(List.of(command) + " hangs: " + Files.readString(output));
    }
    return new Result(
        process.exitValue(), new String(Files.readAllBytes(output), StandardCharsets.UTF_8));
  }

  private String url(int port) {
    return "iscsi://127.0.0.1:" + port + "/" + IQN + "/0";
  }

  @Test
  void shouldBeFoundByDiscovery() throws Exception {
    Result onFloating = run("iscsi-ls", "-s", "iscsi://127.0.0.1:" + floating);
    assertThat(onFloating.output())
        .contains("Target:" + IQN + " Portal:127.0.0.1:" + floating + ",3")
        .doesNotContain(":" + fixed + ",")
        .contains("Lun:0")
        .doesNotContain("Lun:5");
    Result onFixed = run("iscsi-ls", "iscsi://127.0.0.1:" + fixed);
    assertThat(onFixed.output()).contains("127.0.0.1:" + fixed + ",1").doesNotContain(",3");
  }

  @Test
  void shouldTellWhatItIs() throws Exception {
    assertThat(run("iscsi-inq", url(floating)).output())
        .contains("Vendor:BASCULE", "Product:VOLUME", "TPGS:1");
    assertThat(run("iscsi-inq", "-e", "1", "-c", "128", url(fixed)).output())
        .contains(volume.uuid().toString().replace("-", ""));
    assertThat(run("iscsi-readcapacity16", url(floating)).output())
        .contains("Total size:" + SIZE_BYTES);
  }

  @Test
  void shouldWantChapWhereItIsSet() throws Exception {
    String path = "127.0.0.1:" + floating + "/" + IQN + "/5";
    Result right = run("iscsi-inq", "-i", HOST, "iscsi://keeper%secret-of-chap@" + path);
    assertThat(right.output()).contains("BASCULE");
    Result wrong = run("iscsi-inq", "-i", HOST, "iscsi://keeper%secret-of-chop@" + path);
    assertThat(wrong.code()).isNotZero();
    assertThat(wrong.output()).contains("Authentication failure");
  }

  @Test
  void shouldServeQemu() throws Exception {
    List<String> command = new ArrayList<>(List.of("qemu-io", "-f", "raw"));
    for (String each :
        List.of(
            "write -P 7 0 1M",
            "write -P 9 5M 6M",
            "write -f -P 3 1M 4k",
            "flush",
            "read -P 7 0 1M",
            "read -P 9 5M 6M",
            "read -P 3 1M 4k",
            "discard 0 1M",
            "write -z 5M 2M",
            "read -P 0 0 1M",
            "read -P 0 5M 2M",
            "read -P 9 7M 4M")) {
      command.add("-c");
      command.add(each);
    }
    command.add(url(floating));
    Result result = run(command.toArray(String[]::new));
    assertThat(result.output()).doesNotContain("fail").doesNotContain("error");
    assertThat(result.code()).isZero();
    assertThat(volume.flushes.get()).isPositive();
  }

  @Test
  void shouldCopyAnImageThereAndBack() throws Exception {
    Path image = directory.resolve("image");
    Files.write(image, Lab.bytes(16 << 20, 99));
    Path back = directory.resolve("back");
    assertThat(
            run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", image + "", url(floating))
                .code())
        .isZero();
    volume.coldEvery = 3;
    assertThat(
            run("qemu-img", "convert", "-f", "raw", "-O", "raw", url(floating), back + "").code())
        .isZero();
    byte[] copied = Files.readAllBytes(back);
    assertThat(copied.length).isEqualTo((int) SIZE_BYTES);
    assertThat(java.util.Arrays.mismatch(Files.readAllBytes(image), copied)).isEqualTo(16 << 20);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SCSI.Read6",
        "SCSI.Read10",
        "SCSI.Read12",
        "SCSI.Read16",
        "SCSI.Write10",
        "SCSI.Write12",
        "SCSI.Write16",
        "SCSI.WriteSame10",
        "SCSI.WriteSame16",
        "SCSI.Unmap",
        "SCSI.Inquiry",
        "SCSI.Mandatory",
        "SCSI.ModeSense6",
        "SCSI.ReadCapacity10",
        "SCSI.ReadCapacity16",
        "SCSI.ReportSupportedOpcodes",
        "SCSI.TestUnitReady",
        "SCSI.CompareAndWrite",
        "SCSI.OrWrite",
        "SCSI.ExtendedCopy",
        "SCSI.ReceiveCopyResults",
        "SCSI.ReadDefectData10",
        "SCSI.ReadDefectData12",
        "SCSI.Verify10",
        "SCSI.Verify16",
        "SCSI.WriteVerify10",
        "SCSI.Prefetch16",
        "SCSI.StartStopUnit",
        "SCSI.PrinReadKeys",
        "SCSI.PrinServiceactionRange",
        "SCSI.PrinReportCapabilities",
        "SCSI.ProutRegister",
        "SCSI.ProutReserve",
        "SCSI.ProutClear",
        "SCSI.ProutPreempt",
        "SCSI.Reserve6",
        "iSCSI.iSCSIcmdsn",
        "iSCSI.iSCSIdatasn",
        "iSCSI.iSCSIResiduals",
        "iSCSI.iSCSITMF"
      })
  void shouldPass(String family) throws Exception {
    Result result = run("iscsi-test-cu", "-d", "-n", "-f", "-t", family, url(floating));
    assertThat(result.output()).contains("Run Summary").doesNotContain("had failures");
    assertThat(result.output()).containsPattern("tests +[1-9]");
    assertThat(result.code()).isZero();
  }
}
