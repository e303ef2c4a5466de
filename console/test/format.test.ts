import { describe, expect, test } from 'vitest';
import { between, bytes, compareVersions, dateTime, duration, eta, latency, parseSize, plural, ratio, reduction, timeOfDay } from '../src/format';

describe('sizes', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [10 * 2 ** 30, '10 GiB'],
    [187.4 * 2 ** 30, '187 GiB'],
    [2 ** 41, '2 TiB'],
    [2 ** 60, '1024 PiB'],
  ])('%d bytes', (count, shown) => expect(bytes(count)).toBe(shown));

  test.each([
    ['10G', 10 * 2 ** 30],
    [' 512 m ', 512 * 2 ** 20],
    ['1.5T', 1.5 * 2 ** 40],
    ['10 GiB', 10 * 2 ** 30],
    ['4096', 4096],
    ['50M', 50 * 2 ** 20],
  ])('reads %s', (text, count) => expect(parseSize(text)).toBe(count));

  test.each(['', '0', '-1G', 'ten', '10 GX', '1e9', '9999999P'])('refuses %j', (text) => expect(parseSize(text)).toBeNull());
});

describe('spans', () => {
  test.each([
    [-5, '0 ms'],
    [850, '850 ms'],
    [4_200, '4 s'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
    [90_000_000, '1 d 1 h'],
  ])('%d ms', (millis, shown) => expect(duration(millis)).toBe(shown));

  test('between instants, never negative, open end is now', () => {
    expect(between(null, null, 0)).toBeNull();
    expect(between('2026-11-22T10:00:00Z', '2026-11-22T10:01:30Z', 0)).toBe('1 min 30 s');
    expect(between('2026-11-22T10:00:00Z', null, Date.parse('2026-11-22T10:00:05Z'))).toBe('5 s');
    expect(between('2026-11-22T10:00:00Z', null, Date.parse('2026-11-22T09:59:00Z'))).toBe('0 s');
  });

  test.each([
    [null, null],
    [{ low: 38, high: 42 }, 'about 42 s'],
    [{ low: 20, high: 50 }, '20 to 50 s'],
    [{ low: 100, high: 130 }, 'about 2 min'],
    [{ low: 110, high: 250 }, '2 to 4 min'],
    [{ low: 7_200, high: 14_000 }, '2 to 4 h'],
    [{ low: 90, high: 30 }, 'about 2 min'], // the wrong way round: the larger bound counts
  ])('eta %j', (range, shown) => expect(eta(range)).toBe(shown));
});

test.each([
  [340, '340 µs'],
  [1_800, '1.8 ms'],
  [12_400, '12 ms'],
  [1_200_000, '1.2 s'],
])('latency %d', (micros, shown) => expect(latency(micros)).toBe(shown));

test('a ratio needs a baseline', () => {
  expect(ratio(1_500, 1_000)).toBe('1.5×');
  expect(ratio(1_500, 0)).toBe('–');
});

test('versions compare by number', () => {
  expect(['2.0.1', '1.2.10', '1.2.2', '1.2.1'].sort(compareVersions)).toEqual(['1.2.1', '1.2.2', '1.2.10', '2.0.1']);
});

test('plurals', () => {
  expect(plural(1, 'volume')).toBe('1 volume');
  expect(plural(3_000, 'volume')).toBe('3,000 volumes');
});

test('instants name their time zone, and their day unless it is the same', () => {
  const zone = /(UTC|GMT|[A-Z]{3,5})([+-]\d+(:\d+)?)?$/;
  const at = new Date(2026, 10, 23, 1, 35, 7).toISOString();
  expect(dateTime(at)).toMatch(/^23 Nov 2026, 01:35:07 /);
  expect(dateTime(at)).toMatch(zone);
  expect(timeOfDay(at, Date.parse(at))).toMatch(/^01:35:07 /);
  expect(timeOfDay(at, Date.parse(at))).toMatch(zone);
  expect(timeOfDay(at, Date.parse(at) + 86_400_000)).toBe(dateTime(at));
});

test('how much less is kept than is held', () => {
  expect(reduction(430, 100)).toBe('4.3 : 1');
  expect(reduction(100, 100)).toBeNull();
  expect(reduction(100, 200)).toBeNull();
  expect(reduction(0, 0)).toBeNull();
});
