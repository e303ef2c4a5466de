package io.bascule.host.initiator;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The completion of a command that somebody waits for. Told by any thread, awaited by one. */
final class AwaitedAnswer implements Completion {
  private final CompletableFuture<ScsiResult> answer = new CompletableFuture<>();

  @Override
  public void answered(ScsiResult result, long nanos) {
    answer.complete(result);
  }

  @Override
  public void failed(IOException cause, long nanos) {
    answer.completeExceptionally(cause);
  }

  /** The answer, whatever its status; {@code name} is the command's, for what goes wrong. */
  ScsiResult await(String name, long boundMillis) throws IOException {
    try {
      return answer.get(boundMillis, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new IOException(name + " failed", e.getCause());
    } catch (TimeoutException e) {
      throw new IOException(name + " was forgotten", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(name + ": interrupted", e);
    }
  }
}
