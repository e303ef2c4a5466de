package io.bascule.core.volume;

/** Something a store could not do. The kinds differ because what to do about them differs. */
public abstract sealed class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private StoreException(String message, @org.jspecify.annotations.Nullable Throwable cause) {
    super(message, cause);
  }

  /** The file system refused or failed: try again, or look at the disk. */
  public static final class Io extends StoreException {
    private static final long serialVersionUID = 1L;

    public Io(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** No space is left: free some. */
  public static final class Full extends StoreException {
    private static final long serialVersionUID = 1L;

    public Full(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** What lies on disk is not what was written there. */
  public static final class Corrupt extends StoreException {
    private static final long serialVersionUID = 1L;

    public Corrupt(String message) {
      super(message, null);
    }
  }

  /** Written by a release older than this one can read. */
  public static final class TooOld extends StoreException {
    private static final long serialVersionUID = 1L;

    public TooOld(String message) {
      super(message, null);
    }
  }

  /** Written by a newer release. */
  public static final class TooNew extends StoreException {
    private static final long serialVersionUID = 1L;

    public TooNew(String message) {
      super(message, null);
    }
  }
}
