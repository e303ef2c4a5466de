package io.bascule.cli;

import java.util.Iterator;
import java.util.List;

/** The words an option takes, for a shell that completes them. */
abstract class Words implements Iterable<String> {
  private final List<String> words;

  Words(List<String> words) {
    this.words = words;
  }

  @Override
  public Iterator<String> iterator() {
    return words.iterator();
  }
}
