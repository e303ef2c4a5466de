import { Client, Refused } from './api/client';

/** The code in what was pasted: the code itself, a query, or the whole link. */
export function codeFrom(pasted: string): string {
  const trimmed = pasted.trim();
  const inLink = /[?&]code=([^&#\s]+)/.exec(trimmed);
  return inLink ? decodeURIComponent(inLink[1]!) : trimmed.startsWith('?') ? '' : trimmed;
}

/** Exchanges a code for the session cookie, which the server sets. */
export async function redeem(code: string): Promise<'signed-in' | 'wrong' | 'no-answer'> {
  try {
    const answer = await fetch('/sign-in', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Bascule': 'console' },
      body: new URLSearchParams({ code }).toString(),
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    });
    if (answer.status >= 500) return 'no-answer';
    // The answer may be a redirection, which a script cannot look into: the session itself tells.
    await new Client().appliance({ patienceMillis: 10_000 });
    return 'signed-in';
  } catch (error) {
    return error instanceof Refused ? 'wrong' : 'no-answer';
  }
}
