// The one place that talks to the REST API.
//
// A controller that hands over, reboots or dies answers nothing, or 503 NO_ACTIVE, for a moment.
// That is not an error: what may be repeated is repeated here until somebody answers, within a
// bound. What may not be repeated after a lost answer (it could have been carried out) is reported
// as AnswerLost, so that the person looks before trying again.
import { pauseMillis, sleep as realSleep } from './backoff';
import type {
  Alert,
  Appliance,
  CancelAnswer,
  CancelPreview,
  CancelRequest,
  History,
  Host,
  HostCreate,
  Package,
  Prechecks,
  Problem,
  Report,
  Snapshot,
  Space,
  Upgrade,
  UpgradeChange,
  UpgradeStart,
  Volume,
} from './types';

export const API = '/api/v1';

/** A controller answered, and the answer is no. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = 'Refused';
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }
}

/** No controller answered within the bound; nothing was changed by this request. */
export class NoAnswer extends Error {
  constructor() {
    super('no controller answered');
    this.name = 'NoAnswer';
  }
}

/** The request was sent and its answer lost: it may or may not have been carried out. */
export class AnswerLost extends Error {
  constructor() {
    super('the answer was lost');
    this.name = 'AnswerLost';
  }
}

export interface Wiring {
  fetch: typeof fetch;
  sleep: (millis: number, signal?: AbortSignal) => Promise<void>;
  now: () => number;
  /** A controller really answered 401 NOT_SIGNED_IN. */
  onSignedOut: () => void;
}

export interface RequestOptions {
  body?: unknown;
  /** A file sent as it is, instead of JSON. */
  file?: Blob;
  signal?: AbortSignal;
  /** What the path begins with, if not the API. */
  root?: string;
  /** May it be sent again after a lost answer? GET always may. */
  repeatable?: boolean;
  /** How long to go on trying. 0: one attempt. */
  patienceMillis?: number;
  /** How long one attempt may take. */
  attemptMillis?: number;
}

// A handover is over in a second or two and a controller's boot has a deadline of 30 s.
const PATIENCE_MILLIS = 30_000;
const ATTEMPT_MILLIS = 5_000;
const CHANGE_ATTEMPT_MILLIS = 30_000;

type Attempt = { answer: Response } | { failure: 'nobody' | 'lost' };

export class Client {
  private readonly wiring: Wiring;

  constructor(wiring: Partial<Wiring> = {}) {
    this.wiring = {
      fetch: (...args) => globalThis.fetch(...args),
      sleep: realSleep,
      now: () => Date.now(),
      onSignedOut: () => {},
      ...wiring,
    };
  }

  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const repeatable = options.repeatable ?? method === 'GET';
    const endsAt = this.wiring.now() + (options.patienceMillis ?? PATIENCE_MILLIS);
    for (let failed = 1; ; failed++) {
      const attempt = await this.attempt(method, path, options);
      if ('answer' in attempt) return this.read<T>(attempt.answer);
      if (attempt.failure === 'lost' && !repeatable) throw new AnswerLost();
      const pause = pauseMillis(failed);
      if (this.wiring.now() + pause > endsAt) throw new NoAnswer();
      await this.wiring.sleep(pause, options.signal);
    }
  }

  private async attempt(method: string, path: string, options: RequestOptions): Promise<Attempt> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    // A page of another site cannot set this header: the defence against forged requests.
    if (method !== 'GET') headers['X-Bascule'] = 'console';
    let body: BodyInit | undefined;
    if (options.file) {
      headers['Content-Type'] = 'application/octet-stream';
      body = options.file;
    } else if (options.body !== undefined) {
      headers['Content-Type'] = 'application/json';
      body = JSON.stringify(options.body);
    }
    const limit = options.attemptMillis ?? (method === 'GET' ? ATTEMPT_MILLIS : CHANGE_ATTEMPT_MILLIS);
    const timeout = AbortSignal.timeout(limit);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    let answer: Response;
    try {
      answer = await this.wiring.fetch((options.root ?? API) + path, {
        method,
        headers,
        body: body ?? null,
        signal,
        credentials: 'same-origin',
        cache: 'no-store',
      });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      return { failure: 'lost' };
    }
    if (answer.status === 502 || answer.status === 504) return { failure: 'lost' };
    if (answer.status === 503) {
      const problem = await problemOf(answer.clone());
      // NO_ACTIVE is an answer of a standby that had nobody to ask: nothing was done.
      if (problem.code === 'NO_ACTIVE') return { failure: 'nobody' };
      if (problem.code === UNKNOWN) return { failure: 'lost' };
    }
    return { answer };
  }

  private async read<T>(answer: Response): Promise<T> {
    if (answer.ok) {
      const text = await answer.text();
      return (text ? JSON.parse(text) : undefined) as T;
    }
    const problem = await problemOf(answer);
    if (answer.status === 401 && problem.code === 'NOT_SIGNED_IN') this.wiring.onSignedOut();
    throw new Refused(problem);
  }

  appliance = (o?: RequestOptions) => this.request<Appliance>('GET', '/appliance', o);
  space = (o?: RequestOptions) => this.request<Space>('GET', '/space', o);
  upgrade = (o?: RequestOptions) => this.request<Upgrade>('GET', '/upgrade', o);
  alerts = (o?: RequestOptions) => this.request<Alert[]>('GET', '/alerts', o);
  acknowledge = (id: number) =>
    this.request<void>('POST', `/alerts/${id}/acknowledge`, { repeatable: true });

  volumes = (o?: RequestOptions) => this.request<Volume[]>('GET', '/volumes', o);
  volume = (name: string, o?: RequestOptions) => this.request<Volume>('GET', volumePath(name), o);
  createVolume = (name: string, sizeBytes: number) =>
    this.request<Volume>('POST', '/volumes', { body: { name, sizeBytes } });
  resizeVolume = (name: string, sizeBytes: number) =>
    this.request<Volume>('PATCH', volumePath(name), { body: { sizeBytes }, repeatable: true });
  deleteVolume = (name: string) => this.request<void>('DELETE', volumePath(name));

  /** Of all volumes. */
  allSnapshots = (o?: RequestOptions) => this.request<Snapshot[]>('GET', '/snapshots', o);
  snapshots = (volume: string, o?: RequestOptions) => this.request<Snapshot[]>('GET', `${volumePath(volume)}/snapshots`, o);
  takeSnapshot = (volume: string, name: string) =>
    this.request<Snapshot>('POST', `${volumePath(volume)}/snapshots`, { body: { name } });
  cloneSnapshot = (of: Snapshot, volume: string) =>
    this.request<Volume>('POST', `${snapshotPath(of)}/clone`, { body: { volume } });
  rollBack = (to: Snapshot) => this.request<Volume>('POST', `${snapshotPath(to)}/rollback`);
  deleteSnapshot = (one: Snapshot) => this.request<void>('DELETE', snapshotPath(one));

  hosts = (o?: RequestOptions) => this.request<Host[]>('GET', '/hosts', o);
  createHost = (host: HostCreate) => this.request<Host>('POST', '/hosts', { body: host });
  removeHost = (name: string) => this.request<void>('DELETE', `/hosts/${encodeURIComponent(name)}`);

  packages = (o?: RequestOptions) => this.request<Package[]>('GET', '/packages', o);
  addPackage = (file: Blob) =>
    this.request<Package>('POST', '/packages', { file, attemptMillis: 600_000 });

  dryRun = (start: UpgradeStart) =>
    this.request<Prechecks>('POST', '/upgrade', { body: { ...start, dryRun: true }, repeatable: true, attemptMillis: 120_000 });
  startUpgrade = (start: UpgradeStart) =>
    this.request<Upgrade>('POST', '/upgrade', { body: { ...start, dryRun: false }, attemptMillis: 120_000 });
  changeUpgrade = (change: UpgradeChange) =>
    this.request<Upgrade>('PATCH', '/upgrade', { body: change, repeatable: true });

  cancelPreview = (o?: RequestOptions) => this.request<CancelPreview>('GET', '/upgrade/cancel', o);
  // Repeating a cancel of the same upgrade and revision returns the recorded outcome: safe.
  cancel = (request: CancelRequest) =>
    this.request<CancelAnswer>('POST', '/upgrade/cancel', { body: request, repeatable: true });
  withdrawCancel = () => this.request<Upgrade>('DELETE', '/upgrade/cancel');

  history = (o?: RequestOptions) => this.request<History[]>('GET', '/upgrades', o);
  report = (id: string, o?: RequestOptions) =>
    this.request<Report>('GET', `/upgrades/${encodeURIComponent(id)}/report`, o);

  // Not below /api/v1: it is also where the printed link leads. A code works once, so no repeating.
  signIn = (code: string) => this.request<void>('POST', '/sign-in', { body: { code }, root: '' });
  signOut = () => this.request<void>('POST', '/sign-out', { repeatable: true });
}

const UNKNOWN = 'UNKNOWN';

const volumePath = (name: string) => `/volumes/${encodeURIComponent(name)}`;
const snapshotPath = (one: Snapshot) => `${volumePath(one.volume)}/snapshots/${encodeURIComponent(one.name)}`;

async function problemOf(answer: Response): Promise<Problem> {
  const unknown: Problem = {
    type: 'about:blank',
    title: answer.statusText || `HTTP ${answer.status}`,
    status: answer.status,
    code: UNKNOWN,
    detail: '',
    cancel: null,
    prechecks: null,
  };
  try {
    const read: unknown = await answer.json();
    return typeof read === 'object' && read !== null && 'code' in read ? { ...unknown, ...(read as Problem) } : unknown;
  } catch {
    // Not JSON: an intermediary, not a controller. The status says what is known.
    return unknown;
  }
}
