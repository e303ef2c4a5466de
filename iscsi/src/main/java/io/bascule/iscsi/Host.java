package io.bascule.iscsi;

import java.util.Optional;
import java.util.Set;

/**
 * Who may log in, and what exists for it.
 *
 * @param iqn the initiator name, or {@link #ANY}; an exact name goes before it
 * @param luns the LUNs granted, or empty for all
 */
public record Host(String name, String iqn, Optional<Chap> chap, Optional<Set<Integer>> luns) {
  /** Every initiator that has no entry of its own. */
  public static final String ANY = "*";

  public Host {
    luns = luns.map(Set::copyOf);
  }

  /** Whether who proved to be the other has proved to be this one. */
  boolean sameIdentity(Host other) {
    return name.equals(other.name) && chap.equals(other.chap);
  }

  boolean sees(int lun) {
    return luns.isEmpty() || luns.get().contains(lun);
  }
}
