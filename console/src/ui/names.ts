// Names that are proposed for what is made: free, and within what the server allows.

/** The longest name of a volume or a snapshot. */
const MOST_CHARACTERS = 63;

/** The name if it is free, or else the first of name-2, name-3, ... that is. */
export function freeName(wanted: string, taken: string[]): string {
  for (let number = 1; ; number++) {
    const end = number === 1 ? '' : `-${number}`;
    const name = wanted.slice(0, MOST_CHARACTERS - end.length) + end;
    if (!taken.includes(name)) return name;
  }
}

/** A snapshot is looked for by its moment: 2026-11-23-0415, in the reader's time zone. */
export function snapshotName(now: Date, taken: string[]): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  return freeName(`${day}-${two(now.getHours())}${two(now.getMinutes())}`, taken);
}

/** A clone is its volume's copy as long as nobody says better. */
export function cloneName(volume: string, taken: string[]): string {
  const end = '-copy';
  return freeName(volume.slice(0, MOST_CHARACTERS - end.length) + end, taken);
}
