import { expect, test } from 'vitest';
import type { Event, Upgrade } from '../src/api/types';
import { isNewer, mergeEvents } from '../src/live';
import { isOpen, pausePoints, pointsAhead, slowDown, stateName, stepName, timeLeft } from '../src/ui/upgrade-words';

const upgrade = (change: Partial<Upgrade>) => ({ id: 'u-1', revision: 5, state: 'RUNNING', etaSeconds: null, cause: null, ...change }) as Upgrade;
const event = (id: number): Event => ({ id, at: '', severity: 'INFO', kind: 'k', message: `m${id}` });

test('an older revision never replaces a newer one of the same upgrade', () => {
  expect(isNewer(null, upgrade({}))).toBe(true);
  expect(isNewer(upgrade({}), upgrade({ revision: 4 }))).toBe(false);
  expect(isNewer(upgrade({}), upgrade({ revision: 5, percent: 60 }))).toBe(true);
  expect(isNewer(upgrade({}), upgrade({ id: 'u-2', revision: 1 }))).toBe(true);
});

test('events are told once, newest first, and bounded', () => {
  const known = mergeEvents([], [event(1), event(2)]);
  const merged = mergeEvents(known, [event(2), event(4), event(3)]);
  expect(merged.map((one) => one.id)).toEqual([4, 3, 2, 1]);
  expect(mergeEvents(merged, [event(5)], 3).map((one) => one.id)).toEqual([5, 4, 3]);
});

test('the bar is shown exactly while an upgrade is open', () => {
  const states = ['IDLE', 'RUNNING', 'PAUSED', 'CANCELING', 'COMPLETED', 'CANCELED', 'FAILED'] as const;
  expect(states.filter((state) => isOpen(upgrade({ state })))).toEqual(['RUNNING', 'PAUSED', 'CANCELING']);
  expect(isOpen(null)).toBe(false);
});

test('slowing down gives hosts the first place, then halves the rate', () => {
  const migration = (bytesPerSecond: number) => ({ phase: 2, phases: [], bytesPerSecond });
  expect(slowDown(upgrade({ priority: 'FINISH_SOONER' }))).toEqual({ priority: 'HOST_FIRST' });
  expect(slowDown(upgrade({ priority: 'HOST_FIRST', migration: migration(100 * 2 ** 20) }))).toEqual({ maxBytesPerSecond: 50 * 2 ** 20 });
  expect(slowDown(upgrade({ priority: 'HOST_FIRST', migration: migration(10) }))).toEqual({ maxBytesPerSecond: 2 ** 20 });
});

test('words', () => {
  expect(timeLeft(upgrade({ state: 'PAUSED', etaSeconds: { low: 1, high: 2 } }))).toBe('');
  expect(timeLeft(upgrade({}))).toBe('estimating the time left');
  expect(timeLeft(upgrade({ etaSeconds: { low: 110, high: 250 } }))).toBe('2 to 4 min left');
  expect(stateName(upgrade({ state: 'CANCELING' }))).toBe('Canceling');
  expect(stateName(upgrade({ state: 'CANCELING', cause: { code: 'X', detail: '' } }))).toBe('Returning');
  expect(stepName('PHASE_2')).toBe('Phase 2: Copy');
  expect(stepName('DROP_SLOT_STANDBY')).toBe('Drop slot standby');
});

test('pause points can be set for as long as they are ahead', () => {
  const steps = (...names: string[]) => names.map((name) => ({ name })) as Upgrade['steps'];
  const rolling = ['PRECHECK', 'STAGE_STANDBY', 'ACTIVATE_STANDBY', 'HANDOVER', 'STAGE_ONCE_ACTIVE', 'ACTIVATE_ONCE_ACTIVE', 'FINALIZE'];
  const migrating = [...rolling.slice(0, 6), 'PHASE_1', 'PHASE_2', 'PHASE_3', 'PHASE_4', 'COMMIT', 'FINALIZE'];
  expect(pointsAhead(upgrade({ step: 'STAGE_STANDBY', steps: steps(...rolling) }))).toEqual(['handover', 'once-active']);
  expect(pointsAhead(upgrade({ step: 'HANDOVER', steps: steps(...rolling) }))).toEqual(['once-active']);
  expect(pointsAhead(upgrade({ step: 'FINALIZE', steps: steps(...rolling) }))).toEqual([]);
  expect(pointsAhead(upgrade({ state: 'PAUSED', step: 'PHASE_3', steps: steps(...migrating) }))).toEqual(['phase-4', 'commit']);
  expect(pointsAhead(upgrade({ state: 'CANCELING', step: 'HANDOVER', steps: steps(...migrating) }))).toEqual([]);
  expect(pausePoints(false)).toEqual(['handover', 'once-active']);
  expect(pausePoints(true)).toEqual(pointsAhead(upgrade({ step: 'PRECHECK', steps: steps(...migrating) })));
});
