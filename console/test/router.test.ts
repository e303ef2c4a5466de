import { expect, test } from 'vitest';
import { VOLUME, match, volumePath } from '../src/router';

test.each([
  ['/', '/', {}],
  ['/volumes', '/volumes/', {}],
  ['/software/start/{version}', '/software/start/2.0.1', { version: '2.0.1' }],
  ['/software/reports/{id}', '/software/reports/a%2Fb', { id: 'a/b' }],
])('%s matches %s', (pattern, path, params) => expect(match(pattern, path)).toEqual(params));

test.each([
  ['/', '/volumes'],
  ['/volumes', '/'],
  ['/volumes', '/volumes/a'],
  ['/software/reports/{id}', '/software/reports'],
  ['/software/reports/{id}', '/software/reports/%E0%A4%A'],
])('%s does not match %s', (pattern, path) => expect(match(pattern, path)).toBeNull());

test('a volume’s page is found by any name a volume may have', () => {
  expect(match(VOLUME, volumePath('db.old_1-a'))).toEqual({ name: 'db.old_1-a' });
  expect(volumePath('db.old').split('/').at(-1)).not.toContain('.');
});
