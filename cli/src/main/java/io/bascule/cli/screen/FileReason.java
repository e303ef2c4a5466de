package io.bascule.cli.screen;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** What is wrong with a file, for a person: the file's name alone is the message of most. */
public final class FileReason {
  private FileReason() {}

  /** {@code /srv/x: permission denied}; other exceptions say it themselves. */
  public static String of(IOException e) {
    if (!(e instanceof FileSystemException file) || file.getReason() != null) {
      return e.getMessage() == null ? e.toString() : e.getMessage();
    }
    String reason =
        switch (file) {
          case NoSuchFileException _ -> "there is no such file or folder";
          case AccessDeniedException _ -> "permission denied";
          case FileAlreadyExistsException _ -> "it is there already, and no folder";
          case NotDirectoryException _ -> "it is no folder";
          case DirectoryNotEmptyException _ -> "the folder is not empty";
          default -> "the file system does not say why (" + e.getClass().getSimpleName() + ")";
        };
    return file.getFile() + ": " + reason;
  }
}
