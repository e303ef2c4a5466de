package io.bascule.iscsi;

import java.util.Map;
import java.util.Set;

/**
 * The operational parameters of a session, and their negotiation (RFC 7143, 13). Fields hold the
 * defaults until a key says otherwise.
 */
final class SessionParameters {
  /** What we take in one PDU. */
  static final int MAX_RECEIVE_BYTES = 262_144;

  static final int MAX_BURST_BYTES = 1 << 20;
  static final int FIRST_BURST_BYTES = 262_144;

  /** Keys of the login itself, handled elsewhere. */
  private static final Set<String> OF_LOGIN =
      Set.of("InitiatorName", "InitiatorAlias", "TargetName", "SessionType", "AuthMethod");

  private static final int LENGTH_LIMIT = (1 << 24) - 1;

  boolean headerDigest;
  boolean dataDigest;
  boolean initialR2T = true;
  boolean immediateData = true;

  /** What the initiator takes in one PDU. */
  int initiatorReceiveBytes = 8192;

  int maxBurstBytes = 262_144;
  int firstBurstBytes = 65_536;

  /** Negotiates one key; the answer, if it wants one, goes to {@code reply}. */
  void negotiate(String key, String value, Map<String, String> reply)
      throws Keys.MalformedException {
    if (OF_LOGIN.contains(key) || key.startsWith("CHAP_")) {
      return;
    }
    switch (key) {
      case "HeaderDigest" -> headerDigest = digest(key, value, reply);
      case "DataDigest" -> dataDigest = digest(key, value, reply);
      case "InitialR2T" -> initialR2T = either(key, value, reply);
      case "ImmediateData" -> immediateData = either(key, value, reply);
      case "MaxRecvDataSegmentLength" -> initiatorReceiveBytes = number(value, 512, LENGTH_LIMIT);
      case "MaxBurstLength" -> maxBurstBytes = lower(key, value, 512, MAX_BURST_BYTES, reply);
      case "FirstBurstLength" -> firstBurstBytes = lower(key, value, 512, FIRST_BURST_BYTES, reply);
      case "MaxConnections" -> lower(key, value, 1, 1, reply);
      case "MaxOutstandingR2T" -> lower(key, value, 1, 1, reply);
      case "ErrorRecoveryLevel" -> lower(key, value, 0, 0, reply);
      case "DefaultTime2Retain" -> lower(key, value, 0, 0, reply);
      case "DefaultTime2Wait" -> reply.put(key, Integer.toString(number(value, 0, 3600)));
      case "DataPDUInOrder", "DataSequenceInOrder" -> reply.put(key, "Yes");
      case "IFMarker", "OFMarker" -> reply.put(key, "No");
      case "OFMarkInt", "IFMarkInt" -> reply.put(key, "Irrelevant");
      case "iSCSIProtocolLevel" -> lower(key, value, 0, 1, reply);
      case "TaskReporting" -> reply.put(key, "RFC3720");
      default -> reply.put(key, "NotUnderstood");
    }
    firstBurstBytes = Math.min(firstBurstBytes, maxBurstBytes);
  }

  private static boolean digest(String key, String list, Map<String, String> reply) {
    for (String item : list.split(",", 16)) {
      if (item.equals("None") || item.equals("CRC32C")) {
        reply.put(key, item);
        return item.equals("CRC32C");
      }
    }
    reply.put(key, "Reject");
    return false;
  }

  /** We would take No for InitialR2T and Yes for ImmediateData: so the initiator's word is it. */
  private static boolean either(String key, String value, Map<String, String> reply)
      throws Keys.MalformedException {
    if (!value.equals("Yes") && !value.equals("No")) {
      throw new Keys.MalformedException(key + " is neither Yes nor No");
    }
    reply.put(key, value);
    return value.equals("Yes");
  }

  private static int lower(String key, String value, int min, int ours, Map<String, String> reply)
      throws Keys.MalformedException {
    int result = Math.min(number(value, min, LENGTH_LIMIT), ours);
    reply.put(key, Integer.toString(result));
    return result;
  }

  private static int number(String value, int min, int max) throws Keys.MalformedException {
    try {
      long number = Long.decode(value);
      if (number >= min && number <= max) {
        return (int) number;
      }
    } catch (NumberFormatException e) {
      // Told below, with the value.
    }
    throw new Keys.MalformedException("no number within " + min + ".." + max + ": " + value);
  }
}
