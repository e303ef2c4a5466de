// The JSON of the REST API, field by field as in io.bascule.core.api. Times are ISO-8601 in UTC.

export type UpgradeState = 'IDLE' | 'RUNNING' | 'PAUSED' | 'CANCELING' | 'COMPLETED' | 'CANCELED' | 'FAILED';
export type StepState = 'PENDING' | 'RUNNING' | 'DONE' | 'UNDOING' | 'UNDONE' | 'FAILED';
export type Availability = 'AVAILABLE' | 'NO_EFFECT' | 'BLOCKED' | 'UNAVAILABLE';
export type Role = 'ACTIVE' | 'STANDBY';
export type ControllerStatus = 'ONLINE' | 'RECOVERING' | 'FAILED' | 'OFF';
export type Severity = 'INFO' | 'WARNING' | 'CRITICAL';
export type Priority = 'HOST_FIRST' | 'BALANCED' | 'FINISH_SOONER';
export type CancelReason = 'NOT_INTERESTED' | 'TAKING_TOO_LONG' | 'SLOWING_HOST_IO' | 'OTHER';

export interface Appliance {
  name: string;
  version: string;
  health: 'OK' | 'DEGRADED' | 'CRITICAL';
  healthDetail: string;
  redundant: boolean;
  target: string;
  portals: { floating: string; fixed: string[] };
  controllers: Controller[];
}

export interface Controller {
  id: number;
  role: Role | null;
  status: ControllerStatus;
  version: string | null;
  slots: Record<string, string | null>;
  runningSlot: string | null;
  bootAttempts: number;
  since: string | null;
}

export interface Volume {
  name: string;
  lun: number;
  sizeBytes: number;
  allocatedBytes: number;
  serial: string;
  target: string;
  portals: string[];
}

/** What volumes and snapshots hold, and what that takes. */
export interface Space {
  format: number;
  allocatedBytes: number;
  usedBytes: number;
  reclaimableBytes: number;
  freeBytes: number;
}

/** A volume as it was at one moment. Its name is unique among those of its volume. */
export interface Snapshot {
  volume: string;
  name: string;
  sizeBytes: number;
  allocatedBytes: number;
  createdAt: string;
}

export interface Host {
  name: string;
  iqn: string;
  chapUser: string | null;
  volumes: string[];
}

export interface HostCreate {
  name: string;
  iqn: string;
  chapUser: string | null;
  chapSecret: string | null;
  volumes: string[] | null;
}

export interface Package {
  version: string;
  file: string;
  sizeBytes: number;
  sha256: string;
  from: string[];
  migrates: boolean;
  notes: string | null;
  addedAt: string | null;
}

export interface Cause {
  code: string;
  detail: string;
}

export interface Step {
  name: string;
  controller: number | null;
  state: StepState;
  percent: number;
  startedAt: string | null;
  endedAt: string | null;
  error: string | null;
}

export interface Phase {
  number: number;
  name: string;
  percent: number;
  bytesDone: number;
  bytesTotal: number;
}

export interface Guard {
  name: string;
  holds: boolean;
  detail: string;
}

export interface Queued {
  by: string;
  at: string;
  reason: string | null;
  comment: string | null;
}

export interface CancelState {
  availability: Availability;
  reason: string | null;
  warning: string | null;
  nextCancelPoint: string | null;
  guards: Guard[];
  queued: Queued | null;
}

export interface Upgrade {
  id: string | null;
  revision: number;
  from: string | null;
  to: string | null;
  state: UpgradeState;
  step: string | null;
  phase: number | null;
  percent: number;
  etaSeconds: { low: number; high: number } | null;
  priority: Priority | null;
  maxBytesPerSecond: number | null;
  pauseAt: string[];
  pausedReason: string | null;
  waiting: { why: string; whatToDo: string } | null;
  onceActive: number | null;
  startedBy: string | null;
  startedAt: string | null;
  endedAt: string | null;
  cause: Cause | null;
  steps: Step[];
  migration: { phase: number | null; phases: Phase[]; bytesPerSecond: number } | null;
  hostLatency: { baselineP99Micros: number | null; currentP99Micros: number | null } | null;
  cancel: CancelState;
}

export interface UpgradeStart {
  version: string;
  dryRun?: boolean | null;
  pauseAt?: string[] | null;
  priority?: Priority | null;
  maxBytesPerSecond?: number | null;
  confirmSeconds?: number | null;
}

export interface UpgradeChange {
  paused?: boolean;
  pauseAt?: string[];
  priority?: Priority;
  maxBytesPerSecond?: number;
}

export interface Precheck {
  name: string;
  passed: boolean;
  detail: string;
  remedy: string | null;
}

export interface Prechecks {
  passed: boolean;
  checks: Precheck[];
  plan: string[];
}

export interface CancelPreview {
  upgradeId: string | null;
  revision: number;
  availability: Availability;
  reason: string | null;
  warning: string | null;
  steps: string[];
  expectedHostPauseMillis: number | null;
  expectedSeconds: number | null;
  guards: Guard[];
}

export interface CancelRequest {
  upgradeId: string;
  revision: number;
  reason: CancelReason | null;
  comment: string | null;
  acceptDisruption: boolean | null;
  whenPossible: boolean | null;
}

export interface CancelAnswer {
  outcome: 'STARTED' | 'NO_EFFECT' | 'QUEUED';
  detail: string;
}

export interface History {
  id: string;
  from: string;
  to: string;
  state: UpgradeState;
  startedBy: string;
  startedAt: string;
  endedAt: string | null;
  cancelReason: string | null;
  cancelComment: string | null;
  cause: Cause | null;
}

export interface Receipt {
  volumesVerified: number;
  writesAcknowledged: number;
  redundant: boolean;
  versions: Record<string, string>;
  slots: Record<string, string>;
}

export interface Report {
  upgrade: History;
  steps: Step[];
  events: { at: string; what: string; detail: string }[];
  hostLatency: {
    beforeP99Micros: number | null;
    duringP99Micros: number | null;
    afterP99Micros: number | null;
  } | null;
  receipt: Receipt | null;
}

export interface Event {
  id: number;
  at: string;
  severity: Severity;
  kind: string;
  message: string;
}

export interface Alert {
  id: number;
  severity: Severity;
  kind: string;
  message: string;
  whatToDo: string;
  raisedAt: string;
  clearedAt: string | null;
  acknowledgedAt: string | null;
}

/** RFC 9457, application/problem+json. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  cancel: CancelPreview | null;
  prechecks: Prechecks | null;
}
