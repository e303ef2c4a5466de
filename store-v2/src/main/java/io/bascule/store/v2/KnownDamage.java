package io.bascule.store.v2;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What hosts' reads and scrubbing have met that is damaged. What the last whole pass of scrubbing
 * did not meet again was written anew since, and is forgotten. Any thread.
 */
final class KnownDamage {
  private static final System.Logger LOG = System.getLogger(KnownDamage.class.getName());
  private static final int FINDINGS_MAX = 100;

  private final Set<Finding> now = new LinkedHashSet<>();
  private Set<Finding> before = Set.of();

  synchronized void met(Finding finding) {
    if (now.size() == FINDINGS_MAX || !now.add(finding)) {
      return;
    }
    if (!before.contains(finding)) {
      LOG.log(System.Logger.Level.ERROR, "damaged: " + finding);
    }
  }

  /** Scrubbing has read everything. */
  synchronized void passed() {
    before = Set.copyOf(now);
    now.clear();
  }

  /** Oldest first, as far as this pass goes. */
  synchronized List<Finding> findings() {
    var all = new LinkedHashSet<>(now);
    all.addAll(before);
    return new ArrayList<>(all);
  }
}
