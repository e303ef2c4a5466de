// What was noted, as a person reads it. Notes that are sentences stay to the letter; those of older
// releases are fragments and tokens, and get their words here.
import { bytes, parseSize } from '../format';
import { text } from '../text';
import { stepName } from './upgrade-words';

/** The codes of a cancel's reason in an older note. */
const REASON = /\b(NOT_INTERESTED|TAKING_TOO_LONG|SLOWING_HOST_IO|OTHER)\b/g;

/** A pause point's label, also one spelled like a constant, in words; an unknown one as it is. */
export function pointName(label: string): string {
  return text.start.points[label.toLowerCase().replaceAll('_', '-')] ?? label;
}

/** The pause point an upgrade stopped at, or null if it was stopped by something else. */
export function pausePointOf(reason: string | null): string | null {
  return /^pause point (\S+)$/.exec(reason ?? '')?.[1] ?? null;
}

/** An event or an entry of a report as one sentence. */
export function eventSentence(kind: string, message: string): string {
  const said = message.trim().replace(REASON, (code) => `“${(text.cancel.reason as Record<string, string>)[code] ?? code}”`);
  if (kind === 'upgrade.pause-points') return pausePoints(said) ?? said;
  if (kind === 'upgrade.tuned') return tuning(said) ?? said;
  const lead = text.events.lead_[kind];
  const point = pausePointOf(said);
  if (point) return text.events.joined(lead ?? '', text.events.pausePoint(pointName(point)));
  const token = /^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)(?=$|: )/.exec(said)?.[1];
  if (token) return text.events.joined(lead ?? '', stepName(token) + said.slice(token.length));
  if (!lead || /^[A-Z][a-z]/.test(said)) return said || lead || kind;
  return text.events.joined(lead, said);
}

/** "[HANDOVER, PHASE_2]" */
function pausePoints(said: string): string | null {
  const list = /^\[(.*)\]$/.exec(said)?.[1];
  if (list === undefined) return null;
  const points = list.split(',').map((one) => one.trim());
  return text.events.pausePoints(points.filter(Boolean).map(pointName));
}

/** "Tuning[priority=HOST_FIRST, maxBytesPerSecond=Optional[100], confirmSeconds=15]" */
function tuning(said: string): string | null {
  if (!said.startsWith('Tuning[')) return null;
  const priority = /priority=(\w+)/.exec(said)?.[1] ?? '';
  const rate = parseSize(/maxBytesPerSecond=Optional\[(\d+)\]/.exec(said)?.[1] ?? '');
  const named = (text.upgrade.priorities as Record<string, string>)[priority] ?? priority;
  return text.events.tuned(named, rate === null ? null : bytes(rate));
}
