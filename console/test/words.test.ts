import { describe, expect, test } from 'vitest';
import type { Appliance, Package, Upgrade } from '../src/api/types';
import { eventSentence, pausePointOf, pointName } from '../src/ui/event-words';
import { planLine } from '../src/ui/upgrade-words';
import { mixed, releases, runs, runsOnBoth, whyNot } from '../src/ui/release-words';

describe('events', () => {
  test.each([
    ['upgrade.pause-points', '[]', 'No pause points are ahead.'],
    ['upgrade.pause-points', '[ONCE_ACTIVE, PHASE_2]', 'Pause points ahead: Once-active controller, Phase 2 – Copy.'],
    ['upgrade.tuned', 'Tuning[priority=FINISH_SOONER, maxBytesPerSecond=Optional[104857600], confirmSeconds=15]', 'Priority: Finish sooner; at most 100 MiB/s.'],
    ['upgrade.tuned', 'Tuning[priority=HOST_FIRST, maxBytesPerSecond=Optional.empty, confirmSeconds=15]', 'Priority: Hosts first; no rate cap.'],
    ['step.started', 'STAGE_ONCE_ACTIVE', 'Begun: Stage the release on the once-active'],
    ['step.done', 'HANDOVER', 'Done: Hand over to the upgraded controller'],
    ['step.retried', 'ACTIVATE_STANDBY: it did not answer', 'Tried again: Start the standby on the new release: it did not answer'],
    ['step.done', 'POLISH_LEAVES', 'Done: Polish leaves'],
    ['upgrade.paused', 'pause point once-active', 'Upgrade paused: a pause point was set at Once-active controller'],
    ['upgrade.resumed', 'by administrator', 'Upgrade resumed by administrator'],
    ['upgrade.completed', '1.2.2 on both controllers', 'Upgrade completed: 1.2.2 on both controllers'],
    ['upgrade.resumed', 'The upgrade was resumed.', 'The upgrade was resumed.'],
    ['controller.active', 'Controller 0 is active on 1.2.2', 'Controller 0 is active on 1.2.2'],
    ['cancel.started', 'by administrator, NOT_INTERESTED', 'Cancel started by administrator, “We no longer want the upgrade”'],
    ['later.kind', 'by somebody', 'by somebody'],
    ['later.kind', '', 'later.kind'],
  ])('%s %j', (kind, message, said) => expect(eventSentence(kind, message)).toBe(said));

  test('lines of a plan', () => {
    expect(planLine('STAGE_STANDBY on controller 0, about 6 s')).toBe('Stage the release on the standby · Controller 0, about 6 s');
    expect(planLine('PHASE_2, about 6 s')).toBe('Phase 2: Copy, about 6 s');
    expect(planLine('A later way to say it')).toBe('A later way to say it');
    expect(planLine('LATER_STEP, about 1 s')).toBe('LATER_STEP, about 1 s');
  });

  test('pause points by their words', () => {
    expect(pointName('once-active')).toBe('Once-active controller');
    expect(pointName('PHASE_4')).toBe('Phase 4 – Confirm');
    expect(pointName('later')).toBe('later');
    expect(pausePointOf('pause point phase-3')).toBe('phase-3');
    expect(pausePointOf('format 2 was given up')).toBeNull();
    expect(pausePointOf(null)).toBeNull();
  });
});

describe('releases', () => {
  const on = (zero: string | null, one: string | null) => ({ version: zero ?? one, controllers: [zero, one].map((version, id) => ({ id, version })) }) as unknown as Appliance;
  const upgrade = (state: string) => ({ id: 'u', state, from: '1.2.1', to: '1.2.2' }) as unknown as Upgrade;
  const packages = (['1.2.1', '1.2.2', '2.0.1'] as const).map((version, i) => ({ version, from: [['1.2.0'], ['1.2.1'], ['1.2.2']][i] }) as unknown as Package);
  const not = (version: string, installed: string) => whyNot(packages.find((one) => one.version === version)!, on(installed, installed), packages);

  test('only what is newer and fits may be installed', () => {
    expect(not('1.2.2', '1.2.1')).toBeNull();
    expect(not('2.0.1', '1.2.2')).toBeNull();
    expect(not('1.2.2', '2.0.1')).toMatch(/^Older than the installed 2\.0\.1/);
    expect(not('1.2.1', '2.0.1')).toMatch(/^Older than the installed 2\.0\.1/);
    expect(not('2.0.1', '2.0.1')).toBe('2.0.1 is installed already.');
    expect(not('2.0.1', '1.2.1')).toBe('Installs on 1.2.2 only; this appliance runs 1.2.1. Upgrade to 1.2.2 first.');
    expect(whyNot(packages[2]!, on('1.2.1', '1.2.1'), [packages[2]!])).toBe('Installs on 1.2.2 only; this appliance runs 1.2.1.');
  });

  test('half an upgrade is not installed', () => {
    const half = on('1.2.2', '1.2.1');
    expect(mixed(half)).toBe(true);
    expect(releases(half)).toEqual(['1.2.1', '1.2.2']);
    expect(runsOnBoth(half, '1.2.2')).toBe(false);
    expect(runs(half, upgrade('RUNNING'))).toBe('1.2.1 → 1.2.2 under way: controller 0 runs 1.2.2, controller 1 runs 1.2.1.');
    expect(runs(half, upgrade('PAUSED'))).toBe('1.2.1 → 1.2.2 paused on the way: controller 0 runs 1.2.2, controller 1 runs 1.2.1.');
    expect(runs(half, upgrade('CANCELING'))).toBe('Going back to 1.2.1: controller 0 runs 1.2.2, controller 1 runs 1.2.1.');
    expect(runs(half, upgrade('FAILED'))).toBe('Controller 0 runs 1.2.2, controller 1 runs 1.2.1.');
    expect(runs(on('1.2.1', '1.2.1'), upgrade('RUNNING'))).toBe('1.2.1 → 1.2.2 under way: both controllers run 1.2.1.');
    expect(runs(on('1.2.1', '1.2.1'), null)).toBe('1.2.1 is installed on both controllers.');
    expect(runs(on(null, '1.2.1'), null)).toBe('Controller 0 runs nothing, controller 1 runs 1.2.1.');
    expect(mixed(on(null, '1.2.1'))).toBe(false);
  });
});
