package io.bascule.host.initiator;

import java.util.Map;

/**
 * The operational parameters both sides agreed on (RFC 7143, 13), all lengths in bytes.
 *
 * @param sendSegmentBytes the target's MaxRecvDataSegmentLength
 */
record Negotiated(
    boolean headerDigest,
    boolean dataDigest,
    int sendSegmentBytes,
    int maxBurstBytes,
    int firstBurstBytes,
    boolean initialR2T,
    boolean immediateData) {
  /** Ours; the target may take less. */
  static final int RECEIVE_SEGMENT_BYTES = 262_144;

  static final int MAX_BURST_BYTES = 1 << 20;
  static final int FIRST_BURST_BYTES = 262_144;

  static Negotiated of(Map<String, String> answers, InitiatorOptions wished)
      throws ProtocolException {
    int maxBurst = Math.min(MAX_BURST_BYTES, number(answers, "MaxBurstLength", 262_144));
    return new Negotiated(
        answers.getOrDefault("HeaderDigest", "None").equals("CRC32C"),
        answers.getOrDefault("DataDigest", "None").equals("CRC32C"),
        // 8192 is what holds if the target declares nothing; we never send more than we receive.
        Math.min(RECEIVE_SEGMENT_BYTES, number(answers, "MaxRecvDataSegmentLength", 8192)),
        maxBurst,
        Math.min(maxBurst, number(answers, "FirstBurstLength", 65_536)),
        wished.initialR2T() || !answers.getOrDefault("InitialR2T", "Yes").equals("No"),
        wished.immediateData() && !answers.getOrDefault("ImmediateData", "Yes").equals("No"));
  }

  private static int number(Map<String, String> answers, String key, int standard)
      throws ProtocolException {
    String text = answers.get(key);
    if (text == null) {
      return standard;
    }
    try {
      int value = Integer.decode(text);
      if (value < 512 || value > 0xff_ffff) {
        throw new ProtocolException(key + "=" + text + " is out of range");
      }
      return value;
    } catch (NumberFormatException e) {
      throw new ProtocolException(key + "=" + text + " is no number");
    }
  }
}
