import { expect, test } from 'vitest';
import { codeFrom, linkFailed } from '../src/sign-in';

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
