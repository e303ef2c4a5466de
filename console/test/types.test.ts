// types.ts is written by hand: this holds it to the records of core, field by field.
import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';

const RECORDS = '../core/src/main/java/io/bascule/core/api';

/** Which interface of types.ts stands for which record. */
const PAIRS: Record<string, string> = {
  AlertView: 'Alert',
  ApplianceView: 'Appliance',
  'ApplianceView.Controller': 'Controller',
  CancelView: 'CancelPreview',
  'CancelView.Request': 'CancelRequest',
  'CancelView.Answer': 'CancelAnswer',
  EventView: 'Event',
  HistoryView: 'History',
  'HistoryView.Report': 'Report',
  'HistoryView.Receipt': 'Receipt',
  HostView: 'Host',
  'HostView.Create': 'HostCreate',
  PackageView: 'Package',
  Problem: 'Problem',
  SnapshotView: 'Snapshot',
  SpaceView: 'Space',
  UpgradeView: 'Upgrade',
  'UpgradeView.Cancel': 'CancelState',
  'UpgradeView.Cause': 'Cause',
  'UpgradeView.Change': 'UpgradeChange',
  'UpgradeView.Guard': 'Guard',
  'UpgradeView.Phase': 'Phase',
  'UpgradeView.Precheck': 'Precheck',
  'UpgradeView.Prechecks': 'Prechecks',
  'UpgradeView.Queued': 'Queued',
  'UpgradeView.Start': 'UpgradeStart',
  'UpgradeView.Step': 'Step',
  VolumeView: 'Volume',
};

type Fields = Record<string, 'nullable' | 'always'>;

/** The components of every record, with what may be null. */
function records(): Map<string, Fields> {
  const found = new Map<string, Fields>();
  for (const file of readdirSync(RECORDS).filter((name) => name.endsWith('View.java') || name === 'Problem.java')) {
    const java = readFileSync(`${RECORDS}/${file}`, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    for (const match of java.matchAll(/\brecord (\w+)\(([^)]*)\)/g)) {
      const outer = file.replace('.java', '');
      const name = match[1] === outer ? outer : `${outer}.${match[1]}`;
      const fields: Fields = {};
      for (const component of splitTopLevel(match[2]!)) {
        // @Nullable of a map's or list's element is not the component's own.
        const own = component.replace(/<[\s\S]*>/, '');
        fields[own.trim().split(/\s+/).at(-1)!] = own.includes('@Nullable') ? 'nullable' : 'always';
      }
      found.set(name, fields);
    }
  }
  return found;
}

function splitTopLevel(list: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const char of list) {
    if (char === '<') depth++;
    if (char === '>') depth--;
    if (char === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += char;
  }
  return part.trim() ? [...parts, part] : parts;
}

/** The fields of every interface; one that is optional or may be null is nullable. */
function interfaces(): Map<string, Fields> {
  const source = readFileSync('src/api/types.ts', 'utf8');
  const found = new Map<string, Fields>();
  for (const match of source.matchAll(/export interface (\w+) \{\n([\s\S]*?)\n\}/g)) {
    const fields: Fields = {};
    // Only the interface's own level: two spaces in.
    for (const line of match[2]!.matchAll(/^ {2}(\w+)(\??):([\s\S]*?);?$(?=\n {2}\w|(?![\s\S]))/gm)) {
      fields[line[1]!] = line[2] === '?' || /\| null;?$/.test(line[3]!.trim()) ? 'nullable' : 'always';
    }
    found.set(match[1]!, fields);
  }
  return found;
}

const java = records();
const typescript = interfaces();

test.each(Object.entries(PAIRS))('%s is %s', (record, name) => {
  expect(java.get(record), record).toBeDefined();
  expect(typescript.get(name)).toEqual(java.get(record));
});
