import { expect, test, vi } from 'vitest';
import { Client } from '../src/api/client';
import { codeFrom, codeOfLink, linkFailed, redeemPatiently } from '../src/sign-in';

test.each([
  ['  abc123 ', 'abc123'],
  ['http://127.0.0.1:8443/sign-in?code=abc123', 'abc123'],
  ['https://[::1]:8443/sign-in?x=1&code=a%2Bb#top', 'a+b'],
  ['?code=abc', 'abc'],
  ['?other=1', ''],
  ['?code=%zz', '%zz'],
  ['', ''],
])('%j holds %j', (pasted, code) => expect(codeFrom(pasted)).toBe(code));

test('a link that failed is told apart', () => {
  expect(linkFailed('?failed')).toBe(true);
  expect(linkFailed('')).toBe(false);
});

test('the code of a link that nobody could take is found in the address', () => {
  expect(codeOfLink('?code=a%2Bb')).toBe('a+b');
  expect(codeOfLink('?failed')).toBeNull();
});

test('a link is offered until a controller answers, and its answer holds', async () => {
  const answers: (() => Response)[] = [
    () => {
      throw new TypeError('connection refused');
    },
    () => new Response('{"code":"NOT_SIGNED_IN","title":"","detail":""}', { status: 401 }),
  ];
  let asked = 0;
  const client = new Client({ fetch: async () => answers[asked++]!() });
  vi.useFakeTimers();
  try {
    const outcome = redeemPatiently(client, 'abc', new AbortController().signal);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await outcome).toEqual({ kind: 'wrong-code' });
  } finally {
    vi.useRealTimers();
  }
  expect(asked).toBe(2);
});

test('nothing is offered any more once the page is gone', async () => {
  const stop = new AbortController();
  const client = new Client({
    fetch: async () => {
      stop.abort();
      throw new TypeError('connection refused');
    },
  });
  await expect(redeemPatiently(client, 'abc', stop.signal)).rejects.toBeDefined();
});
