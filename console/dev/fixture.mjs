// A development aid: serves the built console and plays a scripted appliance behind the REST
// contract, so that pages can be worked on and photographed without controllers. It is not packed,
// and nothing it says is true of a real appliance.
//
//   node dev/fixture.mjs [port] [scenario]     scenario: fresh | idle | format-2 | many | rolling | migration
//   POST /fixture {"...": ...}                 steer it: see `steer` below
import { createServer } from 'node:http';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const files = join(here, '..', 'target', 'classes', 'console');
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const GIB = 2 ** 30;
const ROLLING = ['PRECHECK', 'STAGE_STANDBY', 'ACTIVATE_STANDBY', 'HANDOVER', 'STAGE_ONCE_ACTIVE', 'ACTIVATE_ONCE_ACTIVE'];
const MIGRATION = ['PHASE_1', 'PHASE_2', 'PHASE_3', 'PHASE_4', 'COMMIT'];
const ROLLING_WARNING = 'Canceling the upgrade will result in a reboot of the appliance. Are you sure you want to cancel the upgrade progress?';
const iso = (millisAgo = 0) => new Date(Date.now() - millisAgo).toISOString();

class Appliance {
  constructor(scenario) {
    this.listeners = new Set();
    this.signedIn = scenario !== 'signed-out';
    this.answering = true;
    this.nextEvent = 1;
    this.events = [];
    this.alerts = [];
    this.version = '1.2.1';
    this.standbyStatus = null;
    const fresh = scenario === 'fresh';
    // null: format 1, which has none.
    this.snapshots = scenario === 'format-2' || scenario === 'many' ? [] : null;
    this.volumes = fresh ? [] : [this.volume('vm-pool', 0, 512, 187.4), this.volume('postgres', 1, 100, 62.2), this.volume('scratch', 2, 2048, 0.8)];
    this.hosts = fresh
      ? []
      : [
          { name: 'esx-01', iqn: 'iqn.1998-01.com.vmware:esx-01-4f1c', chapUser: null, volumes: ['vm-pool'] },
          { name: 'db-primary', iqn: 'iqn.1993-08.org.debian:01:6a1e3f0cc5', chapUser: 'db', volumes: ['postgres', 'scratch'] },
          { name: 'lab', iqn: 'iqn.1993-08.org.debian:01:0b5e77aa21', chapUser: null, volumes: [] },
        ];
    this.packages = ['1.2.1', '1.2.2', '2.0.1'].map((version, i) => ({
      version,
      file: `bascule-${version}.pkg`,
      sizeBytes: 24_300_000 + i * 1_950_000,
      sha256: '3f8b0c9a7d21e45f'.repeat(4),
      from: [[], ['1.2.1'], ['1.2.2']][i],
      migrates: version === '2.0.1',
      notes: ['The first release.', 'The stepping stone: knows how to cancel a migration. No change to what is on disk.', 'Adds format 2 with snapshots and compression, and migrates every volume to it in four phases.'][i],
      addedAt: iso(86_400_000 * (3 - i)),
    }));
    this.history = fresh ? [] : [this.pastUpgrade('u-0001', '1.2.1', '1.2.2', 'CANCELED', 'TAKING_TOO_LONG')];
    this.upgrade = { id: null, revision: 0, from: null, to: null, state: 'IDLE', step: null, phase: null, percent: 0, etaSeconds: null, priority: null, maxBytesPerSecond: null, pauseAt: [], pausedReason: null, onceActive: null, startedBy: null, startedAt: null, endedAt: null, cause: null, steps: [], migration: null, hostLatency: null, cancel: { availability: 'UNAVAILABLE', reason: 'No upgrade is running.', warning: null, nextCancelPoint: null, guards: [], queued: null } };
    this.controllers = [0, 1].map((id) => ({ id, role: id === 0 ? 'ACTIVE' : 'STANDBY', status: 'ONLINE', version: this.version, slots: { A: this.version, B: null }, runningSlot: 'A', bootAttempts: 0, since: iso(3 * 86_400_000 + id * 5_000_000) }));
    ['appliance.started', 'volume.created', 'host.added', 'session.opened'].forEach((kind, i) => this.event('INFO', kind, ['The appliance is up, redundant on 1.2.1.', 'Volume vm-pool was created (512 GiB).', 'Host esx-01 was added.', 'Host esx-01 signed in on 127.0.0.1:3260.'][i]));
    if (this.snapshots) this.onFormatTwo(scenario === 'many');
    if (scenario === 'rolling' || scenario === 'migration') this.begin({ version: scenario === 'rolling' ? '1.2.2' : '2.0.1' });
  }

  onFormatTwo(many) {
    this.version = '2.0.1';
    this.controllers.forEach((c) => Object.assign(c, { version: '2.0.1', slots: { A: '2.0.1', B: null } }));
    this.snapshots.push(this.snapshot('postgres', 'before-update', 3), this.snapshot('postgres', '2026-11-21-0200', 2), this.snapshot('postgres', '2026-11-22-0200', 1));
    if (!many) return;
    const long = 'customer-facing-order-processing-and-invoicing-database-primary';
    this.volumes = Array.from({ length: 40 }, (_, i) => this.volume(i === 1 ? long : i === 2 ? 'db.old' : `volume-${String(i).padStart(2, '0')}`, i, i === 3 ? 16384 : 10 * (i + 1), i * 3.7));
    for (let i = 0; i < 12; i++) this.snapshots.push(this.snapshot(long, i === 4 ? long : `2026-11-${String(i + 1).padStart(2, '0')}-0200`, 30 - i));
    this.hosts = Array.from({ length: 24 }, (_, i) => ({ name: `esx-${String(i).padStart(2, '0')}`, iqn: `iqn.1998-01.com.vmware:esx-${i}-${'4f1c'.repeat(1 + (i % 9))}`, chapUser: i % 5 === 0 ? 'db' : null, volumes: i % 3 ? this.volumes.slice(i, i + 6).map((v) => v.name) : ['*'] }));
  }

  snapshot(volume, name, daysAgo) {
    const of = this.volumes.find((v) => v.name === volume);
    return { volume, name, sizeBytes: of?.sizeBytes ?? 10 * GIB, allocatedBytes: Math.round((of?.allocatedBytes ?? GIB) * 0.9), createdAt: iso(86_400_000 * daysAgo) };
  }

  volume(name, lun, sizeGib, allocatedGib) {
    return { name, lun, sizeBytes: sizeGib * GIB, allocatedBytes: Math.round(allocatedGib * GIB), serial: `b45c0${lun}`, target: 'iqn.2026-11.io.bascule:harbor', portals: ['127.0.0.1:3260', '127.0.0.1:3261', '127.0.0.1:3262'] };
  }

  pastUpgrade(id, from, to, state, reason) {
    return { id, from, to, state, startedBy: 'admin', startedAt: iso(90_000_000), endedAt: iso(89_900_000), cancelReason: reason, cancelComment: null, cause: null };
  }

  view() {
    const redundant = this.controllers.every((c) => c.status === 'ONLINE') && this.controllers[0].version === this.controllers[1].version;
    const open = ['RUNNING', 'PAUSED', 'CANCELING'].includes(this.upgrade.state);
    return {
      name: 'harbor',
      version: this.controllers.find((c) => c.role === 'ACTIVE')?.version ?? this.version,
      health: redundant ? 'OK' : 'DEGRADED',
      healthDetail: redundant ? 'Both controllers are online on the same release; either may take over.' : open ? 'An upgrade is running; hosts are served by the other controller.' : 'Only one controller can serve hosts.',
      redundant,
      target: 'iqn.2026-11.io.bascule:harbor',
      portals: { floating: '127.0.0.1:3260', fixed: ['127.0.0.1:3261', '127.0.0.1:3262'] },
      controllers: this.controllers,
    };
  }

  event(severity, kind, message) {
    const event = { id: this.nextEvent++, at: iso(), severity, kind, message };
    this.events.push(event);
    this.send('event', event);
  }

  send(name, data) {
    for (const stream of this.listeners) stream.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  begin({ version, pauseAt = [], priority = null, maxBytesPerSecond = null }) {
    const migrates = version === '2.0.1';
    const names = [...ROLLING, ...(migrates ? MIGRATION : []), 'FINALIZE'];
    const from = migrates ? '1.2.2' : '1.2.1';
    this.version = from;
    this.controllers.forEach((c) => Object.assign(c, { version: from, slots: { A: from, B: null } }));
    this.upgrade = {
      ...this.upgrade,
      id: `u-${1000 + this.history.length}`,
      revision: 1,
      from,
      to: version,
      state: 'RUNNING',
      percent: 0,
      etaSeconds: { low: 150, high: 240 },
      priority: migrates ? (priority ?? 'HOST_FIRST') : null,
      maxBytesPerSecond: migrates ? maxBytesPerSecond : null,
      pauseAt,
      pausedReason: null,
      onceActive: 0,
      startedBy: 'admin',
      startedAt: iso(),
      endedAt: null,
      cause: null,
      steps: names.map((name) => ({ name, controller: /STANDBY/.test(name) ? 1 : /ONCE/.test(name) ? 0 : null, state: 'PENDING', percent: 0, startedAt: null, endedAt: null, error: null })),
      migration: migrates ? { phase: null, phases: ['Prepare', 'Copy', 'Verify', 'Confirm'].map((name, i) => ({ number: i + 1, name, percent: 0, bytesDone: 0, bytesTotal: i === 1 || i === 2 ? Math.round(250.4 * GIB) : 0 })), bytesPerSecond: 0 } : null,
      hostLatency: { baselineP99Micros: 640, currentP99Micros: 655 },
      cancel: { ...this.upgrade.cancel, queued: null },
    };
    this.enter(names[0]);
    this.event('INFO', 'upgrade.started', `Upgrade from ${from} to ${version} was started by admin.`);
  }

  enter(name) {
    const u = this.upgrade;
    u.step = name;
    u.phase = /^PHASE_/.test(name) ? Number(name.slice(6)) : name === 'COMMIT' ? 4 : null;
    if (u.migration) u.migration.phase = u.phase;
    u.revision++;
    const step = u.steps.find((s) => s.name === name);
    step.state = 'RUNNING';
    step.startedAt = iso();
    const [active, standby] = [this.controllers.find((c) => c.role === 'ACTIVE'), this.controllers.find((c) => c.role === 'STANDBY')];
    if (name.startsWith('STAGE')) standby.slots = { A: u.from, B: u.to };
    if (name.startsWith('ACTIVATE')) Object.assign(standby, { status: 'RECOVERING', since: iso() });
    if (name === 'HANDOVER') {
      Object.assign(active, { role: 'STANDBY', status: 'RECOVERING', since: iso() });
      Object.assign(standby, { role: 'ACTIVE' });
      this.silence(1_200);
    }
    this.judge();
  }

  leave() {
    const u = this.upgrade;
    const step = u.steps.find((s) => s.name === u.step);
    Object.assign(step, { state: 'DONE', percent: 100, endedAt: iso() });
    const standby = this.controllers.find((c) => c.role === 'STANDBY');
    if (u.step.startsWith('ACTIVATE')) Object.assign(standby, { status: 'ONLINE', version: u.to, runningSlot: 'B', since: iso() });
    if (u.step === 'HANDOVER') Object.assign(standby, { status: 'ONLINE', since: iso() });
    const next = u.steps[u.steps.indexOf(step) + 1];
    if (next) return this.enter(next.name);
    Object.assign(u, { state: 'COMPLETED', percent: 100, step: null, phase: null, endedAt: iso(), etaSeconds: null });
    u.revision++;
    this.version = u.to;
    this.finish();
  }

  finish() {
    const u = this.upgrade;
    this.judge();
    this.history.unshift({ id: u.id, from: u.from, to: u.to, state: u.state, startedBy: u.startedBy, startedAt: u.startedAt, endedAt: u.endedAt, cancelReason: u.state === 'CANCELED' ? (this.reason ?? 'OTHER') : null, cancelComment: null, cause: u.cause });
    this.event(u.state === 'FAILED' ? 'WARNING' : 'INFO', `upgrade.${u.state.toLowerCase()}`, `Upgrade ${u.from} → ${u.to}: ${u.state.toLowerCase()}.`);
  }

  /** A simplified reading of the cancel contract, enough to see every face of the console. */
  judge() {
    const u = this.upgrade;
    const standby = this.controllers.find((c) => c.role === 'STANDBY');
    const lost = this.standbyStatus ?? (standby?.status === 'OFF' || standby?.status === 'FAILED' ? standby.status : null);
    const done = (name) => u.steps.find((s) => s.name === name)?.state === 'DONE';
    const guards = [{ name: 'standby-online', holds: !lost, detail: lost ? `Controller ${standby.id}, the standby, is ${lost}.` : `Controller ${standby?.id}, the standby, can take over.` }];
    const cancel = { availability: 'UNAVAILABLE', reason: null, warning: null, nextCancelPoint: null, guards, queued: u.cancel.queued };
    const open = ['RUNNING', 'PAUSED'].includes(u.state);
    if (!open) Object.assign(cancel, { reason: u.state === 'CANCELING' ? 'A cancel is in progress.' : 'No upgrade is running.', guards: [], queued: null });
    else if (!done('HANDOVER')) Object.assign(cancel, { reason: 'Nothing has changed for hosts yet. A cancel is possible once the upgraded standby has taken over.', nextCancelPoint: 'When the handover is done' });
    else if (u.step === 'PHASE_1') Object.assign(cancel, { availability: 'NO_EFFECT', reason: 'Phase 1 cannot be canceled: the upgrade runs on until it is complete. From Phase 2 on a cancel works.', nextCancelPoint: 'When Phase 2 begins' });
    else if (u.step === 'FINALIZE') Object.assign(cancel, { reason: 'The upgrade is committed. It can no longer be canceled.' });
    else {
      Object.assign(cancel, { availability: lost ? 'BLOCKED' : 'AVAILABLE', reason: lost ? `The standby is ${lost}: nobody could take over while the active controller reboots.` : null });
      cancel.warning = u.phase ? `Canceling the upgrade will stop the data migration and reboot the appliance to ${u.from} software. The upgrade to ${u.to} will have to be started again from the beginning. Are you sure you want to cancel the upgrade?` : ROLLING_WARNING;
    }
    u.cancel = cancel;
  }

  preview() {
    const u = this.upgrade;
    const standby = this.controllers.find((c) => c.role === 'STANDBY')?.id ?? 0;
    const steps = u.phase
      ? ['Format 2 is given up at once; format 1 holds every acknowledged write.', `Controller ${standby}, the standby, reboots into ${u.from} and comes online.`, `Controller ${1 - standby}, the active, reboots into ${u.from} while the other takes over.`, `Release ${u.to} is removed from both controllers.`]
      : [`Controller ${standby}, the once-active, drops ${u.to} and comes online on ${u.from}.`, `Controller ${1 - standby}, the active, reboots into ${u.from} while the other takes over.`, `Release ${u.to} is removed from both controllers.`];
    const possible = ['AVAILABLE', 'BLOCKED'].includes(u.cancel.availability);
    return { upgradeId: u.id, revision: u.revision, availability: u.cancel.availability, reason: u.cancel.reason, warning: u.cancel.warning, steps: possible ? steps : [], expectedHostPauseMillis: possible ? 640 : null, expectedSeconds: possible ? 14 : null, guards: u.cancel.guards };
  }

  cancel(request) {
    const u = this.upgrade;
    if (request.upgradeId !== u.id || request.revision !== u.revision) return problem(409, 'REVISION_CHANGED', 'The upgrade has moved on since you looked.', { cancel: this.preview() });
    const { availability, nextCancelPoint } = u.cancel;
    if (request.whenPossible && availability !== 'AVAILABLE' && (nextCancelPoint || availability === 'BLOCKED')) {
      u.cancel.queued = { by: 'admin', at: iso(), reason: request.reason, comment: request.comment };
      u.revision++;
      return { outcome: 'QUEUED', detail: 'It is carried out at the next cancel point.' };
    }
    if (availability === 'NO_EFFECT') return { outcome: 'NO_EFFECT', detail: 'Nothing was done: in Phase 1 a cancel has no effect, and the upgrade runs on until Phase 1 is complete. Cancel again from Phase 2 on, or cancel when possible.' };
    if (availability === 'UNAVAILABLE') return problem(409, 'CANCEL_UNAVAILABLE', u.cancel.reason, { cancel: this.preview() });
    if (availability === 'BLOCKED' && !request.acceptDisruption) return problem(409, 'CANCEL_BLOCKED', u.cancel.reason, { cancel: this.preview() });
    this.reason = request.reason;
    Object.assign(u, { state: 'CANCELING', phase: null, etaSeconds: { low: 8, high: 16 } });
    u.revision++;
    u.undo = u.steps.filter((s) => s.state === 'DONE' || s.state === 'RUNNING').map((s) => s.name).reverse();
    this.judge();
    this.event('INFO', 'upgrade.canceling', 'The cancel was confirmed by admin.');
    return { outcome: 'STARTED', detail: 'Both controllers go back.' };
  }

  silence(millis) {
    this.answering = false;
    this.listeners.forEach((stream) => stream.destroy());
    clearTimeout(this.silent);
    this.silent = setTimeout(() => (this.answering = true), millis);
  }

  /** Plays on: called every 250 ms, `pace` percent of a step each time. */
  tick(pace) {
    const u = this.upgrade;
    if (u.state === 'RUNNING') {
      const step = u.steps.find((s) => s.name === u.step);
      step.percent = Math.min(100, step.percent + pace);
      if (u.migration && u.phase && step.name !== 'COMMIT') {
        const phase = u.migration.phases[u.phase - 1];
        phase.percent = Math.floor(step.percent);
        phase.bytesDone = Math.round((phase.bytesTotal * step.percent) / 100);
        u.migration.bytesPerSecond = phase.bytesTotal ? 184 * 2 ** 20 : 0;
      }
      const busy = u.phase ? 1.28 : 1.05;
      u.hostLatency.currentP99Micros = Math.round(640 * (busy + 0.18 * Math.sin(Date.now() / 900) + 0.05 * Math.random()));
      const index = u.steps.indexOf(step);
      u.percent = Math.min(99, Math.floor((100 * (index + step.percent / 100)) / u.steps.length));
      const left = ((100 - u.percent) / pace) * 0.8;
      u.etaSeconds = { low: Math.round(left * 0.8), high: Math.round(left * 1.2) };
      if (step.percent >= 100) this.leave();
      if (u.cancel.queued && u.cancel.availability === 'AVAILABLE') this.cancel({ upgradeId: u.id, revision: u.revision });
    } else if (u.state === 'CANCELING') {
      const name = u.undo[0];
      const step = u.steps.find((s) => s.name === name);
      if (step) {
        step.state = 'UNDOING';
        u.step = name;
        u.undoTicks = (u.undoTicks ?? 0) + 1;
        if (u.undoTicks >= 3) {
          u.undoTicks = 0;
          step.state = 'UNDONE';
          step.endedAt = iso();
          u.undo.shift();
          if (name === 'HANDOVER') this.silence(900);
        }
      } else {
        Object.assign(u, { state: 'CANCELED', step: null, endedAt: iso(), etaSeconds: null });
        u.revision++;
        this.controllers.forEach((c) => Object.assign(c, { role: c.id === 0 ? 'ACTIVE' : 'STANDBY', status: 'ONLINE', version: u.from, slots: { A: u.from, B: null }, runningSlot: 'A', since: iso() }));
        this.finish();
      }
    } else return;
    this.send('upgrade', u);
    this.send('appliance', this.view());
  }
}

function problem(status, code, detail, more = {}) {
  return { status, problem: { type: 'about:blank', title: code.toLowerCase().replaceAll('_', ' '), status, code, detail, cancel: null, prechecks: null, ...more } };
}

export function serve(port, scenario, pace = 4) {
  const state = { appliance: new Appliance(scenario), pace };
  const server = createServer(async (request, response) => {
    const { appliance } = state;
    const path = new URL(request.url, 'http://fixture').pathname;
    const send = (status, body, type = 'application/json') => {
      response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
      response.end(body === undefined ? '' : JSON.stringify(body));
    };
    let text = '';
    if (!path.endsWith('/packages')) for await (const chunk of request) text += chunk;
    else for await (const chunk of request) void chunk;
    const body = text.startsWith('{') ? JSON.parse(text) : {};
    if (path === '/fixture') {
      steer(state, body);
      return send(200, {});
    }
    if (!appliance.answering) return response.destroy();
    if (path === '/sign-in' && appliance.noActive) return request.method === 'GET' ? file(path, response) : send(503, problem(503, 'NO_ACTIVE', 'No controller is active just now.').problem);
    if (path === '/sign-in' && request.method === 'POST') {
      if (body.code !== 'open') return send(401, problem(401, 'NOT_SIGNED_IN', 'The code is used or wrong.').problem);
      appliance.signedIn = true;
      return send(204);
    }
    if (path === '/api/v1/sign-out') {
      appliance.signedIn = false;
      return send(204);
    }
    if (!path.startsWith('/api/v1/')) return file(path, response);
    if (!appliance.signedIn) return send(401, problem(401, 'NOT_SIGNED_IN', 'Sign in.').problem, 'application/problem+json');
    if (request.method !== 'GET' && request.headers['x-bascule'] !== 'console') return send(403, problem(403, 'FORBIDDEN', 'X-Bascule is missing.').problem);
    if (path === '/api/v1/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      const after = Number(new URL(request.url, 'http://fixture').searchParams.get('after') ?? 0);
      appliance.events.filter((event) => event.id > after).forEach((event) => response.write(`id: ${event.id}\nevent: event\ndata: ${JSON.stringify(event)}\n\n`));
      appliance.listeners.add(response);
      response.on('close', () => appliance.listeners.delete(response));
      return;
    }
    const answer = route(state, request.method, path.slice('/api/v1'.length), body);
    if (answer === null) return send(404, problem(404, 'NOT_FOUND', 'There is no such thing.').problem);
    if (answer?.problem) return send(answer.status, answer.problem, 'application/problem+json');
    send(answer === undefined ? 204 : 200, answer);
  });
  const timer = setInterval(() => state.appliance.tick(state.pace), 250);
  server.on('close', () => clearInterval(timer));
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

/** {scenario, pace, step, state, cap, standby, silence, alert, signedIn, fail}: whatever is there is done. */
function steer(state, order) {
  if (order.scenario) state.appliance = new Appliance(order.scenario);
  const { appliance } = state;
  if (order.pace !== undefined) state.pace = order.pace;
  if (order.step) {
    while (appliance.upgrade.step && appliance.upgrade.step !== order.step) appliance.leave();
    appliance.answering = true;
    const step = appliance.upgrade.steps.find((s) => s.name === order.step);
    step.percent = order.percent ?? 40;
    appliance.upgrade.steps.forEach((s, i) => s.startedAt && (s.startedAt = iso(60_000 - i * 4_000)));
    const at = appliance.upgrade.phase ?? 0;
    appliance.upgrade.migration?.phases.forEach((p) => p.number < at && Object.assign(p, { percent: 100, bytesDone: p.bytesTotal }));
  }
  if (order.standby) {
    appliance.standbyStatus = order.standby === 'ONLINE' ? null : order.standby;
    appliance.controllers.find((c) => c.role === 'STANDBY').status = order.standby;
  }
  if (order.cap !== undefined) appliance.upgrade.maxBytesPerSecond = order.cap;
  if (order.state) Object.assign(appliance.upgrade, { state: order.state, pausedReason: order.pausedReason ?? null });
  if (order.revision) appliance.upgrade.revision += order.revision;
  if (order.fail) {
    Object.assign(appliance.upgrade, { state: 'FAILED', endedAt: iso(), etaSeconds: null, cause: { code: 'NOT_ONLINE', detail: order.fail } });
    const failing = appliance.upgrade.steps.find((s) => s.name === appliance.upgrade.step);
    Object.assign(failing, { state: 'FAILED', endedAt: iso(), error: order.fail });
    appliance.finish();
  }
  if (order.noActive !== undefined) appliance.noActive = order.noActive;
  if (order.silence) appliance.silence(order.silence);
  if (order.signedIn !== undefined) appliance.signedIn = order.signedIn;
  if (order.alert) appliance.alerts.unshift({ id: appliance.alerts.length + 1, severity: 'WARNING', kind: 'not-redundant', message: 'The appliance is not redundant.', whatToDo: 'Power controller 1 on, or see why it does not boot: ./bascule controller list.', raisedAt: iso(), clearedAt: null, acknowledgedAt: null });
  if (appliance.upgrade.id) appliance.judge();
}

function route({ appliance }, method, path, body) {
  const named = /^\/(volumes|hosts)\/([^/]+)$/.exec(path);
  const snapshots = snapshotRoute(appliance, method, path, body);
  if (snapshots !== NO_ROUTE) return snapshots;
  const report = /^\/upgrades\/([^/]+)\/report$/.exec(path);
  switch (`${method} ${path}`) {
    case 'GET /appliance':
      return appliance.view();
    case 'GET /alerts':
      return appliance.alerts;
    case 'GET /space': {
      const held = [...appliance.volumes, ...(appliance.snapshots ?? [])].reduce((sum, one) => sum + one.allocatedBytes, 0);
      return appliance.snapshots
        ? { format: 2, allocatedBytes: held, usedBytes: Math.round(held * 0.27), reclaimableBytes: Math.round(held * 0.02), freeBytes: 412 * GIB }
        : { format: 1, allocatedBytes: held, usedBytes: held, reclaimableBytes: 0, freeBytes: 412 * GIB };
    }
    case 'GET /volumes':
      return appliance.volumes;
    case 'POST /volumes':
      if (appliance.volumes.some((v) => v.name === body.name)) return problem(409, 'ALREADY_EXISTS', `There is a volume ${body.name} already. Choose another name.`);
      appliance.volumes.push({ ...appliance.volume(body.name, appliance.volumes.length, 1, 0), sizeBytes: body.sizeBytes });
      return appliance.volumes.at(-1);
    case 'GET /hosts':
      return appliance.hosts;
    case 'POST /hosts':
      appliance.hosts.push({ name: body.name, iqn: body.iqn, chapUser: body.chapUser, volumes: body.volumes ?? ['*'] });
      return appliance.hosts.at(-1);
    case 'GET /packages':
      return appliance.packages;
    case 'POST /packages':
      return problem(422, 'PACKAGE_REFUSED', 'The signature does not match any trusted key. Get the package from its publisher again.');
    case 'GET /upgrade':
      return appliance.upgrade;
    case 'POST /upgrade': {
      const known = appliance.packages.find((p) => p.version === body.version);
      const fits = known?.from.includes(appliance.version);
      const checks = [
        { name: 'controllers-online', passed: true, detail: 'Both controllers are online and redundant.', remedy: null },
        { name: 'signature', passed: true, detail: `The signature of ${body.version} is good, by a trusted key.`, remedy: null },
        { name: 'version-path', passed: !!fits, detail: fits ? `${body.version} can be installed on ${appliance.version}.` : `${body.version} cannot be installed on ${appliance.version}.`, remedy: fits ? null : 'Take the path 1.2.1 → 1.2.2 → 2.0.1.' },
        { name: 'free-space', passed: true, detail: '412 GiB are free; both formats together need 288 GiB.', remedy: null },
        { name: 'no-conflict', passed: true, detail: 'Nothing else is going on.', remedy: null },
      ];
      const plan = ['Stage the release on controller 1, the standby.', 'Start controller 1 on it and check its health.', 'Hand over from controller 0 to controller 1.', 'Stage and start it on controller 0.', ...(known?.migrates ? ['Migrate every volume: Prepare, Copy, Verify, Confirm.', 'Commit: from here there is no way back.'] : []), 'Finish.'];
      const prechecks = { passed: !!fits, checks, plan: fits ? plan : [] };
      if (body.dryRun) return prechecks;
      if (!fits) return problem(409, 'PRECHECK_FAILED', checks[2].detail, { prechecks });
      appliance.begin(body);
      return appliance.upgrade;
    }
    case 'PATCH /upgrade':
      if (body.paused !== undefined && body.paused !== null) Object.assign(appliance.upgrade, { state: body.paused ? 'PAUSED' : 'RUNNING' });
      if (body.pauseAt) appliance.upgrade.pauseAt = body.pauseAt;
      if (body.priority) appliance.upgrade.priority = body.priority;
      if (typeof body.maxBytesPerSecond === 'number') appliance.upgrade.maxBytesPerSecond = body.maxBytesPerSecond || null;
      appliance.upgrade.revision++;
      appliance.judge();
      return appliance.upgrade;
    case 'GET /upgrade/cancel':
      return appliance.preview();
    case 'POST /upgrade/cancel':
      return appliance.cancel(body);
    case 'DELETE /upgrade/cancel':
      appliance.upgrade.cancel.queued = null;
      appliance.upgrade.revision++;
      return appliance.upgrade;
    case 'GET /upgrades':
      return appliance.history;
  }
  if (report) {
    const upgrade = appliance.history.find((u) => u.id === report[1]);
    if (!upgrade) return null;
    const steps = appliance.upgrade.id === upgrade.id ? appliance.upgrade.steps : ROLLING.map((name, i) => ({ name, controller: null, state: 'UNDONE', percent: 100, startedAt: iso(90_000_000 - i * 9_000), endedAt: iso(90_000_000 - (i + 1) * 9_000), error: null }));
    return {
      upgrade,
      steps,
      events: [
        { at: upgrade.startedAt, what: 'Started', detail: `by ${upgrade.startedBy}` },
        { at: upgrade.endedAt, what: 'Ended', detail: upgrade.state.toLowerCase() },
      ],
      hostLatency: { beforeP99Micros: 640, duringP99Micros: 812, afterP99Micros: 633 },
      receipt: { volumesVerified: 3, writesAcknowledged: 1_284_550, redundant: true, versions: { 'controller 0': upgrade.from, 'controller 1': upgrade.from }, slots: { 'controller 0': 'A', 'controller 1': 'A' } },
    };
  }
  if (named) {
    const list = appliance[named[1]];
    const index = list.findIndex((one) => one.name === decodeURIComponent(named[2]));
    if (index < 0) return null;
    if (method === 'DELETE') return void list.splice(index, 1);
    if (method === 'PATCH') return Object.assign(list[index], body);
    return list[index];
  }
  if (method === 'POST' && path.startsWith('/alerts/')) {
    appliance.alerts.forEach((alert) => (alert.acknowledgedAt = iso()));
    return undefined;
  }
  return null;
}

const NO_ROUTE = Symbol('no route');

function snapshotRoute(appliance, method, path, body) {
  const found = /^\/snapshots$|^\/volumes\/([^/]+)\/snapshots(?:\/([^/]+)(?:\/(clone|rollback))?)?$/.exec(path);
  if (!found) return NO_ROUTE;
  const [volume, name, deed] = found.slice(1).map((part) => part && decodeURIComponent(part));
  if (!appliance.snapshots) return problem(409, 'NEEDS_FORMAT_2', 'Snapshots need volumes of format 2, and these are in format 1. Upgrade to 2.0.1, which migrates them, and let it commit.');
  const of = appliance.volumes.find((v) => v.name === volume);
  if (volume && !of) return problem(404, 'NOT_FOUND', `There is no volume '${volume}'.`);
  const one = appliance.snapshots.find((s) => s.volume === volume && s.name === name);
  switch (`${method} ${name ? (deed ?? 'one') : 'all'}`) {
    case 'GET all':
      return appliance.snapshots.filter((s) => !volume || s.volume === volume);
    case 'POST all':
      if (appliance.snapshots.some((s) => s.volume === volume && s.name === body.name)) return problem(409, 'ALREADY_EXISTS', `Volume ${volume} has a snapshot '${body.name}' already.`);
      appliance.snapshots.push({ ...appliance.snapshot(volume, body.name, 0), allocatedBytes: of.allocatedBytes });
      return appliance.snapshots.at(-1);
    case 'POST clone':
      appliance.volumes.push({ ...appliance.volume(body.volume, appliance.volumes.length, 1, 0), sizeBytes: one.sizeBytes, allocatedBytes: one.allocatedBytes });
      return appliance.volumes.at(-1);
    case 'POST rollback':
      if (volume === 'postgres') return problem(409, 'IN_USE', 'Volume postgres is in use: iqn.1993-08.org.debian:01:6a1e3f0cc5 is logged in and sees it, and would mix what it remembers with what it finds. Unmount it there and log out, or take the access away (bascule host remove).');
      return Object.assign(of, { allocatedBytes: one.allocatedBytes });
    case 'DELETE one':
      return void appliance.snapshots.splice(appliance.snapshots.indexOf(one), 1);
  }
  return null;
}

function file(path, response) {
  const wanted = normalize(join(files, path));
  const found = wanted.startsWith(files) && existsSync(wanted) && statSync(wanted).isFile();
  const served = found ? wanted : join(files, 'index.html');
  response.writeHead(200, { 'Content-Type': TYPES[extname(served)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP });
  createReadStream(served).pipe(response);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const port = Number(process.argv[2] ?? 13200);
  await serve(port, process.argv[3] ?? 'idle');
  console.log(`a scripted appliance: http://127.0.0.1:${port}/`);
}
