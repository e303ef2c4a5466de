package io.bascule.iscsi;

/** A parameter list that cannot be followed, and what the host is told of it. */
final class RefusedListException extends Exception {
  private static final long serialVersionUID = 1;

  final Sense sense;

  /** The byte of the list that is wrong, or -1 if it is none in particular. */
  final int at;

  RefusedListException(Sense sense, int at) {
    super(sense + " at " + at, null, false, false); // told to a host, not to a log
    this.sense = sense;
    this.at = at;
  }

  /** A field has a value that is not supported. */
  static RefusedListException field(int at) {
    return new RefusedListException(Sense.INVALID_FIELD_IN_PARAMETER_LIST, at);
  }

  /** The list ends inside something. */
  static RefusedListException cut() {
    return new RefusedListException(Sense.PARAMETER_LIST_LENGTH, -1);
  }
}
