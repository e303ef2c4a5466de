package io.bascule.release;

/** Whether a package may be used. */
public sealed interface Verdict {

  /** Signed by enough trusted keys, and every byte is as signed. */
  record Accepted(Manifest manifest) implements Verdict {}

  /** Not to be used; {@code detail} is for a person. */
  record Refused(Reason reason, String detail) implements Verdict {}

  /** Why a package is refused. */
  enum Reason {
    /** The file cannot be read at all. */
    UNREADABLE,
    /** Not a release package. */
    NOT_A_PACKAGE,
    /** The end is missing. */
    TRUNCATED,
    /** Bytes are not what they were when the package was made. */
    DAMAGED,
    /** More, or larger files than a release may have. */
    TOO_LARGE,
    /** Entries are compressed; packages store them as they are. */
    COMPRESSED,
    /** Two entries of one name. */
    DUPLICATE_ENTRY,
    /** A name that could lead out of the slot. */
    UNSAFE_NAME,
    /** A symbolic link or another thing that is not a plain file. */
    NOT_A_PLAIN_FILE,
    /** A file the manifest does not name. */
    UNLISTED_FILE,
    /** A file the manifest names is not there. */
    MISSING_FILE,
    /** There is no signature. */
    NOT_SIGNED,
    /** Signed, but by nobody this appliance trusts. */
    UNTRUSTED_KEY,
    /** A trusted key's signature does not fit the manifest. */
    WRONG_SIGNATURE,
    /** Fewer trusted keys signed than this appliance asks for. */
    TOO_FEW_SIGNATURES,
    /** A manifest format this release does not know. */
    UNKNOWN_FORMAT,
    /** The manifest says something impossible. */
    BAD_MANIFEST
  }
}
