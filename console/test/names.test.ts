import { expect, test } from 'vitest';
import { cloneName, freeName, snapshotName } from '../src/ui/names';

test('a name that is taken gets a number', () => {
  expect(freeName('db', [])).toBe('db');
  expect(freeName('db', ['db', 'db-3'])).toBe('db-2');
  expect(freeName('db', ['db', 'db-2'])).toBe('db-3');
});

test('a snapshot is named after its moment', () => {
  const now = new Date(2026, 10, 3, 4, 5);
  expect(snapshotName(now, [])).toBe('2026-11-03-0405');
  expect(snapshotName(now, ['2026-11-03-0405'])).toBe('2026-11-03-0405-2');
});

test('a clone keeps as much of its volume’s name as there is room for', () => {
  expect(cloneName('db', ['db'])).toBe('db-copy');
  expect(cloneName('db', ['db-copy'])).toBe('db-copy-2');
  const long = 'v'.repeat(63);
  expect(cloneName(long, [])).toBe(`${'v'.repeat(58)}-copy`);
  expect(cloneName(long, [cloneName(long, [])])).toHaveLength(63);
});
