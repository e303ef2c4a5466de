import { LONGEST_PAUSE_MILLIS, sleep } from './api/backoff';
import { Refused, type Client } from './api/client';

/** The code in what was pasted: the code itself, a query, or the whole link. */
export function codeFrom(pasted: string): string {
  const trimmed = pasted.trim();
  const inLink = /[?&]code=([^&#\s]+)/.exec(trimmed);
  if (!inLink) return trimmed.startsWith('?') ? '' : trimmed;
  try {
    return decodeURIComponent(inLink[1]!);
  } catch {
    return inLink[1]!; // not escaped after all
  }
}

/** Where the server sends a browser whose sign-in link did not work. */
export const SIGN_IN_PATH = '/sign-in';

/** Whether the server sent the browser here from a sign-in link that did not work. */
export function linkFailed(search: string): boolean {
  return new URLSearchParams(search).has('failed');
}

/** The code of the sign-in link that led here, when no controller was there to take it. */
export function codeOfLink(search: string): string | null {
  return new URLSearchParams(search).get('code');
}

export type Outcome = { kind: 'signed-in' } | { kind: 'wrong-code' } | { kind: 'refused'; detail: string } | { kind: 'no-answer' };

/** Exchanges a code for the session cookie, which the server sets. */
export async function redeem(client: Client, code: string): Promise<Outcome> {
  try {
    await client.signIn(code);
    return { kind: 'signed-in' };
  } catch (error) {
    if (!(error instanceof Refused)) return { kind: 'no-answer' };
    return error.code === 'NOT_SIGNED_IN' ? { kind: 'wrong-code' } : { kind: 'refused', detail: error.message };
  }
}

/**
 * The same for as long as it takes until somebody answers. A code whose answer was lost may be used
 * up: then the next answer says so.
 */
export async function redeemPatiently(client: Client, code: string, signal: AbortSignal): Promise<Outcome> {
  for (;;) {
    const outcome = await redeem(client, code);
    if (outcome.kind !== 'no-answer') return outcome;
    await sleep(LONGEST_PAUSE_MILLIS, signal);
  }
}
