// Numbers, sizes, times and durations as a person reads them. Sizes count in powers of 1024.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** Reads 512M, 10G, 1.5T, 10 GiB or a number of bytes; null if it is not a size. */
export function parseSize(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGTP]?)(?:i?B)?\s*$/i.exec(text);
  if (!match) return null;
  const power = ' KMGTP'.indexOf((match[2] || ' ').toUpperCase());
  const value = Number(match[1]) * 1024 ** power;
  return Number.isSafeInteger(Math.round(value)) && value > 0 ? Math.round(value) : null;
}

/** A span in the one or two largest units that matter: 850 ms, 4 s, 3 min 20 s, 2 h 5 min. */
export function duration(millis: number): string {
  if (millis < 1_000) return `${Math.max(0, Math.round(millis))} ms`;
  const seconds = Math.round(millis / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return join(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  if (seconds < 86_400) return join(Math.floor(seconds / 3_600), 'h', Math.floor((seconds % 3_600) / 60), 'min');
  return join(Math.floor(seconds / 86_400), 'd', Math.floor((seconds % 86_400) / 3_600), 'h');
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Between two instants; an open end is now. Never negative: clocks differ a little. */
export function between(start: string | null, end: string | null, nowMillis: number): string | null {
  if (!start) return null;
  const millis = Math.max(0, (end ? Date.parse(end) : nowMillis) - Date.parse(start));
  return millis < 1_000 ? '0 s' : duration(millis);
}

/** "about 40 s", "2 to 4 min"; null when there is nothing to say. */
export function eta(range: { low: number; high: number } | null): string | null {
  if (!range) return null;
  const low = Math.max(1, Math.round(range.low));
  const high = Math.max(low, Math.round(range.high));
  if (high < 60) return high - low <= 5 ? `about ${high} s` : `${low} to ${high} s`;
  const lowMinutes = Math.max(1, Math.round(low / 60));
  const highMinutes = Math.round(high / 60);
  if (highMinutes < 90) return lowMinutes === highMinutes ? `about ${highMinutes} min` : `${lowMinutes} to ${highMinutes} min`;
  const lowHours = Math.max(1, Math.round(low / 3_600));
  const highHours = Math.round(high / 3_600);
  return lowHours === highHours ? `about ${highHours} h` : `${lowHours} to ${highHours} h`;
}

/** A latency: 340 µs, 1.8 ms, 12 ms, 1.2 s. */
export function latency(micros: number): string {
  if (micros < 1_000) return `${Math.round(micros)} µs`;
  const millis = micros / 1_000;
  if (millis < 10) return `${millis.toFixed(1)} ms`;
  if (millis < 1_000) return `${Math.round(millis)} ms`;
  return `${(millis / 1_000).toFixed(1)} s`;
}

/** How many times the baseline: 1.0×, 2.4×. */
export function ratio(current: number, baseline: number): string {
  return baseline > 0 ? `${(current / baseline).toFixed(1)}×` : '–';
}

/** How much less is kept than is held, by compression and sharing: 4.3 : 1. Null if it is not less. */
export function reduction(held: number, kept: number): string | null {
  return kept > 0 && held / kept >= 1.05 ? `${(held / kept).toFixed(1)} : 1` : null;
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

const DATE = { day: 'numeric', month: 'short', year: 'numeric' } as const;
const TIME = { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short' } as const;

/** The date and the time in the reader's time zone, which is named. */
export function dateTime(instant: string): string {
  return new Date(instant).toLocaleString('en-GB', { ...DATE, ...TIME });
}

/** The time alone, with its zone, on the same day as `nowMillis`; with the date otherwise. */
export function timeOfDay(instant: string, nowMillis: number): string {
  const at = new Date(instant);
  if (at.toDateString() !== new Date(nowMillis).toDateString()) return dateTime(instant);
  return at.toLocaleTimeString('en-GB', TIME);
}

/** "1 volume", "3 volumes". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Compares 1.2.9 and 1.10.0 as versions. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
