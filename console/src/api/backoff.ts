/** Pauses between attempts while the controllers change over: 200 ms, doubling, at most 2 s. */
export const FIRST_PAUSE_MILLIS = 200;
export const LONGEST_PAUSE_MILLIS = 2_000;

/** The pause after the given number of failed attempts (1 and up). */
export function pauseMillis(failedAttempts: number): number {
  const doublings = Math.min(Math.max(failedAttempts - 1, 0), 10);
  return Math.min(FIRST_PAUSE_MILLIS * 2 ** doublings, LONGEST_PAUSE_MILLIS);
}

/** Waits, or rejects as soon as the signal says so. */
export function sleep(millis: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, millis);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
