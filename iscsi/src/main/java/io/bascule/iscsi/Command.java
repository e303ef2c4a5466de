package io.bascule.iscsi;

/**
 * A SCSI command this target knows.
 *
 * @param serviceAction -1 for an opcode that has none
 * @param usage the CDB usage bitmap of REPORT SUPPORTED OPERATION CODES; its length is the CDB's
 * @param withoutUnit answered whether or not the LUN exists, past any unit attention
 * @param inStandby allowed in every access state (SPC-4, 5.15.2)
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
record Command(
    int opcode,
    int serviceAction,
    byte[] usage,
    boolean withoutUnit,
    boolean inStandby,
    Task.Step start) {}
