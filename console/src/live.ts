// What the console knows of the appliance, kept fresh for as long as the page is open.
//
// Two sources: the server's event stream, and a poll every two seconds as its fallback. When no
// controller answers, the last known data stays and `link` says 'down'; attempts go on with a short
// backoff, for ever, and nothing is reloaded. Only a controller's own 401 ends the session.
//
// Invariants: for one upgrade an older revision never replaces a newer one; a poll's answer never
// replaces what the stream delivered after that poll was sent; all lists are bounded.
import { useSyncExternalStore } from 'react';
import { pauseMillis, sleep } from './api/backoff';
import { API, Client, Refused } from './api/client';
import type { Alert, Appliance, Event, Upgrade } from './api/types';

export interface LatencySample {
  at: number;
  micros: number;
}

export interface Live {
  appliance: Appliance | null;
  upgrade: Upgrade | null;
  alerts: Alert[];
  /** Newest first. */
  events: Event[];
  /** Host p99 over the present upgrade, oldest first. */
  latency: LatencySample[];
  link: 'connecting' | 'up' | 'down';
  /** null while it is not known. */
  signedIn: boolean | null;
}

const POLL_MILLIS = 2_000;
// A stream that lasted this long was a good one: its end is news, not a pattern.
const STEADY_STREAM_MILLIS = 5_000;
const HIDDEN_POLL_MILLIS = 10_000;
const FIRST_EVENTS = 200;
const MOST_EVENTS = 500;
const MOST_SAMPLES = 240;

const EMPTY: Live = {
  appliance: null,
  upgrade: null,
  alerts: [],
  events: [],
  latency: [],
  link: 'connecting',
  signedIn: null,
};

/** Whether `next` may take the place of `known`. Exported for the tests. */
export function isNewer(known: Upgrade | null, next: Upgrade): boolean {
  return !known || known.id !== next.id || next.revision >= known.revision;
}

/** Events by id, newest first, without duplicates, bounded. Exported for the tests. */
export function mergeEvents(known: Event[], added: Event[], most = MOST_EVENTS): Event[] {
  const byId = new Map(known.map((event) => [event.id, event]));
  added.forEach((event) => byId.set(event.id, event));
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, most);
}

class LiveStore {
  private state = EMPTY;
  private readonly listeners = new Set<() => void>();
  private stream: EventSource | null = null;
  private streamFailures = 0;
  private nextStreamAt = 0;
  private stopped: AbortController | null = null;
  private woken = false;
  private wakeUp: () => void = () => {};
  /** Counts what the stream delivered, to recognise polls that were overtaken. */
  private upgradeDeliveries = 0;
  private applianceDeliveries = 0;

  readonly client = new Client({ onSignedOut: () => this.signedOut() });

  get = (): Live => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  start(): void {
    if (this.stopped) return;
    this.stopped = new AbortController();
    document.addEventListener('visibilitychange', this.refresh);
    window.addEventListener('online', this.refresh);
    void this.run(this.stopped.signal);
  }

  /** Looks again now: after a change made here, or on a hint. */
  refresh = (): void => this.wake();

  /** Ends the present pause, or skips the next one if there is none just now. */
  private wake(): void {
    this.woken = true;
    this.wakeUp();
  }

  /** The answer to a PATCH or POST is fresher than anything known. */
  accept(upgrade: Upgrade): void {
    this.upgradeDeliveries++;
    this.takeUpgrade(upgrade);
  }

  /** After a sign-in. */
  signIn(): void {
    this.set({ signedIn: null, link: 'connecting' });
    this.wake();
  }

  signedOut(): void {
    this.closeStream();
    this.set({ ...EMPTY, signedIn: false, link: 'up' });
  }

  private async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      // Signed out: only a sign-in wakes this up, nothing is asked meanwhile.
      if (this.state.signedIn !== false) {
        failures = (await this.poll(signal)) ? 0 : failures + 1;
      }
      const usual = document.hidden ? HIDDEN_POLL_MILLIS : POLL_MILLIS;
      await this.pause(failures > 0 ? pauseMillis(failures) : usual, signal);
    }
  }

  private async pause(millis: number, signal: AbortSignal): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.wakeUp = resolve));
    if (!this.woken) await Promise.race([sleep(millis, signal), woken]);
    this.woken = false;
  }

  /** One round of questions. Whether a controller answered them. */
  private async poll(signal: AbortSignal): Promise<boolean> {
    const upgradeDeliveries = this.upgradeDeliveries;
    const applianceDeliveries = this.applianceDeliveries;
    const once = { signal, patienceMillis: 0 };
    const [appliance, upgrade, alerts] = await Promise.allSettled([
      this.client.appliance(once),
      this.client.upgrade(once),
      this.client.alerts(once),
    ]);
    if (this.state.signedIn === false) return true;
    if (appliance.status === 'fulfilled' && applianceDeliveries === this.applianceDeliveries) {
      this.set({ appliance: appliance.value });
    }
    if (upgrade.status === 'fulfilled' && upgradeDeliveries === this.upgradeDeliveries) {
      this.takeUpgrade(upgrade.value);
    }
    if (alerts.status === 'fulfilled') this.set({ alerts: alerts.value });
    const answered = [appliance, upgrade].every(
      (result) => result.status === 'fulfilled' || result.reason instanceof Refused,
    );
    this.set(answered ? { link: 'up', signedIn: true } : { link: 'down' });
    if (answered && Date.now() >= this.nextStreamAt) this.openStream();
    return answered;
  }

  private openStream(): void {
    if (this.stream) return;
    // A new stream cannot send Last-Event-ID by itself, so the last event seen goes into the query.
    const seen = this.state.events[0]?.id;
    const query = seen === undefined ? `newest=${FIRST_EVENTS}` : `after=${seen}`;
    const stream = new EventSource(`${API}/events?${query}`);
    this.stream = stream;
    const openedAt = Date.now();
    // The browser reconnects by itself only after some failures, and not after a 503. So every
    // failed stream is given up and made anew, and the poll finds out at once what is going on.
    stream.onerror = () => {
      if (this.stream !== stream) return;
      this.closeStream();
      const lasted = Date.now() - openedAt;
      this.streamFailures = lasted > STEADY_STREAM_MILLIS ? 1 : this.streamFailures + 1;
      this.nextStreamAt = Date.now() + pauseMillis(this.streamFailures);
      if (this.streamFailures === 1) this.wake();
    };
    const on = <T>(name: string, take: (data: T) => void) =>
      stream.addEventListener(name, (message) => {
        let data: T;
        try {
          data = JSON.parse((message as MessageEvent<string>).data) as T;
        } catch {
          return this.wake(); // a cut-off message is still a hint that something changed
        }
        take(data);
      });
    on<Upgrade>('upgrade', (upgrade) => {
      this.upgradeDeliveries++;
      this.takeUpgrade(upgrade);
    });
    on<Appliance>('appliance', (appliance) => {
      this.applianceDeliveries++;
      this.set({ appliance });
    });
    on<Event>('event', (event) => this.set({ events: mergeEvents(this.state.events, [event]) }));
    on<Alert>('alert', () => this.wake());
  }

  private closeStream(): void {
    this.stream?.close();
    this.stream = null;
  }

  private takeUpgrade(upgrade: Upgrade): void {
    if (!isNewer(this.state.upgrade, upgrade)) return;
    const sameUpgrade = this.state.upgrade?.id === upgrade.id;
    const latency = sameUpgrade ? this.state.latency : [];
    const micros = upgrade.hostLatency?.currentP99Micros;
    this.set({
      upgrade,
      latency: micros == null ? latency : [...latency, { at: Date.now(), micros }].slice(-MOST_SAMPLES),
    });
  }

  private set(change: Partial<Live>): void {
    this.state = { ...this.state, ...change };
    this.listeners.forEach((listener) => listener());
  }
}

export const live = new LiveStore();
export const api = live.client;

export function useLive(): Live {
  return useSyncExternalStore(live.subscribe, live.get);
}
