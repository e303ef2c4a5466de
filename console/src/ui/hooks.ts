import { useCallback, useEffect, useRef, useState } from 'react';
import { AnswerLost, NoAnswer, Refused, type RequestOptions } from '../api/client';
import { live, useLive } from '../live';
import { text } from '../text';

/** What a person should read about a failed request. The server's own words come first. */
export function explain(error: unknown): string {
  if (error instanceof Refused) return error.message;
  if (error instanceof NoAnswer) return text.error.noAnswer;
  if (error instanceof AnswerLost) return text.error.answerLost;
  return text.error.unexpected;
}

/** The time, ticking while it is shown. */
export function useNow(everyMillis = 1_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMillis);
    return () => clearInterval(timer);
  }, [everyMillis]);
  return now;
}

/** A change the person asked for: one at a time, with its error kept to be shown. */
export function useAction() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  const run = useCallback(async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    setBusy(true);
    setError(null);
    try {
      return await work();
    } catch (thrown) {
      if (mounted.current) setError(thrown);
      return undefined;
    } finally {
      if (mounted.current) setBusy(false);
      live.refresh();
    }
  }, []);
  const clear = useCallback(() => setError(null), []);
  return { busy, error, run, clear };
}

/**
 * Something read from the server, read again every so often, as soon as the controllers answer
 * again, and when `changes` does. The last known data stays while nobody answers.
 */
export function useResource<T>(read: (options: RequestOptions) => Promise<T>, everyMillis = 10_000, changes?: unknown) {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  const { link } = useLive();
  const reading = useRef(read);
  reading.current = read;
  useEffect(() => {
    if (link === 'down') return;
    const stop = new AbortController();
    const once = async () => {
      try {
        const next = await reading.current({ signal: stop.signal });
        setData(next);
        setError(null);
      } catch (thrown) {
        // Nobody answered: the note about the changeover says so already.
        if (stop.signal.aborted || !(thrown instanceof Refused)) return;
        setError(thrown);
        // Nothing but an upgrade changes that, so asking on would only be noise.
        if (thrown.code === 'NEEDS_FORMAT_2') clearInterval(timer);
      }
    };
    const timer = setInterval(() => void once(), everyMillis);
    void once();
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [link, round, everyMillis, changes]);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  return { data, error, reload };
}
