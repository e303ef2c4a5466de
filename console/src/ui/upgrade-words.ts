// How an upgrade is put into words, the same on the bar, the details and the report.
import type { Upgrade, UpgradeChange } from '../api/types';
import { eta } from '../format';
import { text } from '../text';

/** An upgrade that is not at its end: the bar is shown. */
export function isOpen(upgrade: Upgrade | null): upgrade is Upgrade {
  return upgrade?.state === 'RUNNING' || upgrade?.state === 'PAUSED' || upgrade?.state === 'CANCELING';
}

/** A step's name in words; a name of a later release is shown as it is. */
export function stepName(name: string): string {
  const known = text.upgrade.step[name];
  if (known) return known;
  const words = name.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The step at whose beginning each pause point stops, in the order of an upgrade. */
const PAUSE_STEPS: Record<string, string> = {
  handover: 'HANDOVER',
  'once-active': 'STAGE_ONCE_ACTIVE',
  'phase-1': 'PHASE_1',
  'phase-2': 'PHASE_2',
  'phase-3': 'PHASE_3',
  'phase-4': 'PHASE_4',
  commit: 'COMMIT',
};

/** The pause points of an upgrade with a migration, or without. */
export function pausePoints(migrates: boolean): string[] {
  return Object.keys(PAUSE_STEPS).filter((point) => migrates || point === 'handover' || point === 'once-active');
}

/** The pause points that an upgrade has not reached yet; none on the way back. */
export function pointsAhead(upgrade: Upgrade): string[] {
  if (upgrade.state !== 'RUNNING' && upgrade.state !== 'PAUSED') return [];
  const names = upgrade.steps.map((step) => step.name);
  const now = names.indexOf(upgrade.step ?? '');
  return Object.keys(PAUSE_STEPS).filter((point) => names.indexOf(PAUSE_STEPS[point]!) > now);
}

/** What is being done now: on the way back a step is undone, not done. */
export function doingNow(upgrade: Upgrade): string | null {
  if (!upgrade.step) return null;
  const name = stepName(upgrade.step);
  return upgrade.state === 'CANCELING' ? text.upgrade.undoing(name) : name;
}

/** A line of the plan; the server begins it with the step's constant. */
export function planLine(line: string): string {
  return line
    .replace(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*(?=\b)/, (constant) => text.upgrade.step[constant] ?? constant)
    .replace(/ on controller (\d)/, (_, id) => ` · ${text.controller.name(Number(id))}`);
}

export function stateName(upgrade: Upgrade): string {
  if (upgrade.state === 'CANCELING' && upgrade.cause) return text.upgrade.returning;
  return text.upgrade.state[upgrade.state];
}

/** Only the migration can be paused at any moment; the rolling part stops at its pause points alone. */
export function isPausable(upgrade: Upgrade): boolean {
  return upgrade.state === 'RUNNING' && upgrade.phase !== null;
}

const LOWEST_CAP_BYTES_PER_SECOND = 2 ** 20;

/** What slows a migration down further: hosts first, and if they are already, half the present rate. */
export function slowDown(upgrade: Upgrade): UpgradeChange {
  if (upgrade.priority !== 'HOST_FIRST') return { priority: 'HOST_FIRST' };
  const half = Math.floor((upgrade.migration?.bytesPerSecond ?? 0) / 2);
  return { maxBytesPerSecond: Math.max(LOWEST_CAP_BYTES_PER_SECOND, half) };
}

/** The time left in words; nothing while it is paused, which the state says. */
export function timeLeft(upgrade: Upgrade): string {
  if (upgrade.state === 'PAUSED') return '';
  const range = eta(upgrade.etaSeconds);
  return range ? text.upgrade.etaLeft(range) : text.upgrade.estimating;
}
