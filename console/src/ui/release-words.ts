// What an appliance runs, and what can be installed on that. The prechecks have the last word.
import type { Appliance, Package, Upgrade } from '../api/types';
import { compareVersions } from '../format';
import { text } from '../text';
import { isOpen } from './upgrade-words';

/** Whether both controllers run that release. */
export function runsOnBoth(appliance: Appliance, version: string): boolean {
  return appliance.controllers.every((controller) => controller.version === version);
}

/** The controllers that run that release. */
export function runningOn(appliance: Appliance, version: string): number[] {
  return appliance.controllers.filter((controller) => controller.version === version).map((controller) => controller.id);
}

/** The releases that controllers run, the older one first. */
export function releases(appliance: Appliance): string[] {
  const running = appliance.controllers.flatMap((controller) => controller.version ?? []);
  return [...new Set(running)].sort(compareVersions);
}

export function mixed(appliance: Appliance): boolean {
  return releases(appliance).length > 1;
}

/** What the appliance runs, in a sentence: never one release's name while there are two. */
export function runs(appliance: Appliance, upgrade: Upgrade | null): string {
  const each = [...appliance.controllers]
    .sort((a, b) => a.id - b.id)
    .map((controller) => (controller.version ? text.software.runs(controller.id, controller.version) : text.software.runsNothing(controller.id)))
    .join(', ');
  const both = runsOnBoth(appliance, appliance.version);
  if (isOpen(upgrade)) return `${underWay(upgrade)}: ${both ? text.software.bothRun(appliance.version) : each}.`;
  return both ? text.software.installedOnBoth(appliance.version) : `${each.charAt(0).toUpperCase()}${each.slice(1)}.`;
}

export function underWay(upgrade: Upgrade): string {
  if (upgrade.state === 'CANCELING') return text.software.goingBack(upgrade.from ?? '');
  const path = text.upgrade.to(upgrade.from, upgrade.to);
  return upgrade.state === 'PAUSED' ? text.software.pausedOnTheWay(path) : text.software.underWay(path);
}

/** Why a release cannot be installed on what runs now; null if nothing known here speaks against it. */
export function whyNot(one: Package, appliance: Appliance, all: Package[]): string | null {
  const installed = appliance.version;
  const order = compareVersions(one.version, installed);
  if (order === 0) return text.software.isInstalled(installed);
  if (order < 0) return text.software.isOlder(installed);
  if (one.from.includes(installed)) return null;
  if (one.from.length === 0) return text.software.noWay;
  const stop = all
    .filter((other) => one.from.includes(other.version) && other.from.includes(installed))
    .sort((a, b) => compareVersions(b.version, a.version))[0];
  return text.software.otherWay(one.from, installed, stop?.version ?? null);
}
