// The details of the running upgrade, or how the last one ended.
import { Fragment, useState } from 'react';
import { api, live, useLive } from '../live';
import type { Controller, Priority, Upgrade } from '../api/types';
import { between, bytes, eta, latency, ratio, timeOfDay } from '../format';
import { Alert, Button, FormSelect, FormSelectOption } from '../pf';
import { Link, navigate } from '../router';
import { text } from '../text';
import { CancelDialog } from '../ui/cancel-dialog';
import { ControllerPair } from '../ui/controller-card';
import { useAction, useNow } from '../ui/hooks';
import { ArrowIcon, PauseIcon, PlayIcon } from '../ui/icons';
import { Bar, Card, Empty, ErrorNote, Facts, Loading, PageHead, Pill, STATE_TONE, Status, STATUS_TONE } from '../ui/kit';
import { pausePointOf } from '../ui/event-words';
import { LatencyChart } from '../ui/latency-chart';
import { PausePointsAhead } from '../ui/pause-points';
import { Steps } from '../ui/steps';
import { doingNow, isOpen, isPausable, stateName, stepName } from '../ui/upgrade-words';

/** In a request: as fast as the priority allows. */
const NO_CAP = 0;

export function UpgradePage() {
  const { upgrade, appliance } = useLive();
  const [canceling, setCanceling] = useState(false);
  if (!upgrade || !appliance) return <Loading />;
  if (upgrade.state === 'IDLE') {
    return (
      <Card>
        <Empty title={text.upgrade.idle} action={<Button onClick={() => navigate('/software')}>{text.upgrade.toSoftware}</Button>}>
          {text.upgrade.idleDetail}
        </Empty>
      </Card>
    );
  }
  const open = isOpen(upgrade);
  return (
    <>
      <PageHead
        title={text.upgrade.headline(upgrade.from, upgrade.to)}
        lead={<Lead upgrade={upgrade} />}
        actions={
          <span className={open ? 'b-said-in-bar' : ''}>
            <Pill tone={STATE_TONE[upgrade.state]} testId="upgrade-state">
              {stateName(upgrade)}
            </Pill>
          </span>
        }
      />
      {open ? <StateNote upgrade={upgrade} /> : <Outcome upgrade={upgrade} />}
      <div className="b-details">
        <div className="b-details-main">
          <Card title={text.upgrade.steps}>
            <Steps steps={upgrade.steps} current={upgrade.step} paused={upgrade.state === 'PAUSED'} ended={!open || upgrade.state === 'CANCELING'} />
          </Card>
          {open && <LatencyCard upgrade={upgrade} />}
        </div>
        <div className="b-details-side">
          {open && <ControlCard upgrade={upgrade} controllers={appliance.controllers} onCancel={() => setCanceling(true)} />}
          <section className="b-section">
            <ControllerPair controllers={appliance.controllers} redundant={appliance.redundant} target={upgrade.to} />
          </section>
          {upgrade.migration && <PhasesCard upgrade={upgrade} migration={upgrade.migration} />}
        </div>
      </div>
      {canceling && <CancelDialog onClose={() => setCanceling(false)} />}
    </>
  );
}

function Lead({ upgrade }: { upgrade: Upgrade }) {
  const now = useNow();
  const parts = [
    upgrade.startedBy && upgrade.startedAt && text.upgrade.startedBy(upgrade.startedBy, timeOfDay(upgrade.startedAt, now)),
    upgrade.startedAt && `${text.upgrade.elapsed} ${between(upgrade.startedAt, upgrade.endedAt, now)}`,
  ];
  return (
    <>
      {parts.filter(Boolean).map((part, index) => (
        <Fragment key={index}>
          <span className="b-nowrap">
            {index > 0 && '· '}
            {part}
          </span>{' '}
        </Fragment>
      ))}
    </>
  );
}

function StateNote({ upgrade }: { upgrade: Upgrade }) {
  const waiting = upgrade.waiting && (
    <Alert
      isInline
      component="p"
      variant="warning"
      title={text.upgrade.waits(upgrade.waiting.why)}
      data-testid="waiting-note"
    >
      {upgrade.waiting.whatToDo}
    </Alert>
  );
  return (
    <>
      <OwnNote upgrade={upgrade} />
      {waiting}
    </>
  );
}

function OwnNote({ upgrade }: { upgrade: Upgrade }) {
  if (upgrade.state === 'CANCELING') {
    return upgrade.cause ? (
      <Alert isInline component="p" variant="warning" title={text.upgrade.returningTitle} data-testid="upgrade-cause">
        {text.upgrade.returningDetail(upgrade.from ?? '')} {upgrade.cause.detail}
      </Alert>
    ) : (
      <Alert isInline component="p" variant="info" title={text.upgrade.canceling} data-testid="canceling-note">
        {text.upgrade.cancelingDetail(upgrade.from ?? '')}
      </Alert>
    );
  }
  if (upgrade.state === 'PAUSED') {
    const at = upgrade.step ? text.upgrade.pausedAt(stepName(upgrade.step)) : text.upgrade.state.PAUSED;
    const ordered = pauseOrdered(upgrade.pausedReason);
    return (
      <Alert isInline component="p" variant={ordered ? 'info' : 'warning'} title={at} data-testid="paused-note">
        {ordered ?? upgrade.pausedReason}
      </Alert>
    );
  }
  return null;
}

/** What is said of a pause that a person ordered; null if the upgrade stopped for another reason. */
function pauseOrdered(reason: string | null): string | null {
  if (pausePointOf(reason)) return text.upgrade.pausedByPoint;
  const who = /^paused by (.+)$/.exec(reason ?? '')?.[1];
  return who ? text.upgrade.pausedBy(who) : null;
}

function Outcome({ upgrade }: { upgrade: Upgrade }) {
  const from = upgrade.from ?? '';
  const to = upgrade.to ?? '';
  const link = (
    <p className="b-outcome-links">
      <Link to={`/software/reports/${encodeURIComponent(upgrade.id ?? '')}`} className="b-more" testId="report-link">
        {text.upgrade.report} <ArrowIcon />
      </Link>
      {upgrade.state !== 'COMPLETED' && (
        <Link to={`/software/${encodeURIComponent(to)}/start`} className="b-more">
          {text.upgrade.again} <ArrowIcon />
        </Link>
      )}
    </p>
  );
  const [tone, title, detail] =
    upgrade.state === 'COMPLETED'
      ? (['ok', text.upgrade.completed(to), text.upgrade.completedDetail] as const)
      : upgrade.state === 'CANCELED'
        ? (['info', text.upgrade.canceled(from), text.upgrade.canceledDetail(to)] as const)
        : (['bad', text.upgrade.failed(from), text.upgrade.failedDetail] as const);
  return (
    <section className={`b-outcome b-tone-${tone}`} data-testid="outcome" data-state={upgrade.state} role="status">
      <h2>{title}</h2>
      <p>{detail}</p>
      {upgrade.cause && <p data-testid="upgrade-cause">{upgrade.cause.detail}</p>}
      {link}
    </section>
  );
}

interface ControlProps {
  upgrade: Upgrade;
  controllers: Controller[];
  onCancel: () => void;
}

function ControlCard({ upgrade, controllers, onCancel }: ControlProps) {
  const action = useAction();
  const change = (what: Parameters<typeof api.changeUpgrade>[0]) =>
    void action.run(async () => live.accept(await api.changeUpgrade(what)));
  const canceling = upgrade.state === 'CANCELING';
  const paused = upgrade.state === 'PAUSED';
  return (
    <Card className="b-control" title={text.upgrade.now} aside={<strong className="b-percent">{upgrade.percent} %</strong>}>
      <Bar percent={upgrade.percent} label={text.upgrade.barLabel} tone={STATE_TONE[upgrade.state]} busy={!paused} />
      <Facts
        entries={[
          [text.upgrade.step_, doingNow(upgrade)],
          [text.upgrade.left, paused ? null : (eta(upgrade.etaSeconds) ?? text.upgrade.estimating)],
        ]}
      />
      {!canceling && (
        <div className="b-control-row">
          {paused ? (
            <Button variant="primary" icon={<PlayIcon />} isDisabled={action.busy} onClick={() => change({ paused: false })} data-testid="resume">
              {text.upgrade.resume}
            </Button>
          ) : isPausable(upgrade) && (
            <Button variant="secondary" icon={<PauseIcon />} isDisabled={action.busy} onClick={() => change({ paused: true })} data-testid="pause">
              {text.upgrade.pause}
            </Button>
          )}
          {upgrade.migration && upgrade.priority && (
            <label className="b-priority">
              <span>{text.upgrade.priority}</span>
              <FormSelect
                value={upgrade.priority}
                isDisabled={action.busy}
                aria-label={text.upgrade.priority}
                onChange={(_e, value) => change({ priority: value as Priority })}
                data-testid="priority"
              >
                {Object.entries(text.upgrade.priorities).map(([value, label]) => (
                  <FormSelectOption key={value} value={value} label={label} />
                ))}
              </FormSelect>
            </label>
          )}
        </div>
      )}
      {upgrade.maxBytesPerSecond !== null && upgrade.maxBytesPerSecond > 0 && (
        <p className="b-cap b-small b-quiet" data-testid="rate-cap">
          {text.upgrade.capped(bytes(upgrade.maxBytesPerSecond))}
          {!canceling && (
            <Button variant="link" isInline isDisabled={action.busy} onClick={() => change({ maxBytesPerSecond: NO_CAP })} data-testid="lift-rate-cap">
              {text.upgrade.liftCap}
            </Button>
          )}
        </p>
      )}
      <PausePointsAhead upgrade={upgrade} />
      <ErrorNote error={action.error} />
      <CancelArea upgrade={upgrade} controllers={controllers} onCancel={onCancel} />
    </Card>
  );
}

/** The standby's state, and the button or why there is none. The server decides which. */
function CancelArea({ upgrade, controllers, onCancel }: ControlProps) {
  const action = useAction();
  const now = useNow(10_000);
  const { cancel } = upgrade;
  const standby = controllers.find((controller) => controller.role === 'STANDBY') ?? controllers.find((controller) => controller.role !== 'ACTIVE');
  const button = cancel.availability !== 'UNAVAILABLE';
  const queue = () =>
    void action.run(() =>
      api.cancel({
        upgradeId: upgrade.id ?? '',
        revision: upgrade.revision,
        reason: null,
        comment: null,
        acceptDisruption: false,
        whenPossible: true,
      }),
    );
  return (
    <div className="b-cancel-area" data-testid="cancel-area" data-availability={cancel.availability}>
      <div className="b-cancel-row">
        <p className="b-standby" data-testid="standby-status">
          {standby ? (
            <>
              {text.upgrade.standby} <span className="b-quiet">({text.controller.name(standby.id)})</span>{' '}
              <Status tone={STATUS_TONE[standby.status]}>{text.status[standby.status]}</Status>
            </>
          ) : (
            <Status tone="bad">{text.upgrade.standbyNone}</Status>
          )}
        </p>
        {button && (
          <Button variant={cancel.availability === 'AVAILABLE' ? 'danger' : 'secondary'} isDanger onClick={onCancel} data-testid="cancel-upgrade">
            {text.upgrade.cancel}
          </Button>
        )}
      </div>
      {cancel.availability === 'AVAILABLE' ? (
        <p className="b-small b-quiet">{text.upgrade.cancelNow}</p>
      ) : (
        <div className="b-small" data-testid="cancel-why-not">
          <p>{cancel.reason ?? text.upgrade.cancelUnavailable}</p>
          {cancel.nextCancelPoint && (
            <p>
              <strong>{text.upgrade.nextPoint}</strong> <span data-testid="next-cancel-point">{cancel.nextCancelPoint}</span>
            </p>
          )}
        </div>
      )}
      {cancel.queued ? (
        <div className="b-queued" data-testid="cancel-queued">
          <p>{text.upgrade.queued(cancel.queued.by, timeOfDay(cancel.queued.at, now))}</p>
          <Button variant="secondary" size="sm" isDisabled={action.busy} onClick={() => void action.run(async () => live.accept(await api.withdrawCancel()))} data-testid="cancel-withdraw">
            {text.upgrade.withdraw}
          </Button>
        </div>
      ) : (
        !button &&
        cancel.nextCancelPoint && (
          <div className="b-queue">
            <Button variant="secondary" size="sm" isDisabled={action.busy} onClick={queue} data-testid="cancel-when-possible">
              {text.upgrade.whenPossible}
            </Button>
            <p className="b-small b-quiet">{text.upgrade.whenPossibleHelp}</p>
          </div>
        )
      )}
      <ErrorNote error={action.error} />
    </div>
  );
}

function PhasesCard({ upgrade, migration }: { upgrade: Upgrade; migration: NonNullable<Upgrade['migration']> }) {
  const current = migration.phases.find((phase) => phase.number === migration.phase);
  return (
    <Card
      title={text.upgrade.phases}
      testId="phases"
      aside={migration.bytesPerSecond > 0 && isOpen(upgrade) && <span className="b-quiet b-mono">{text.upgrade.perSecond(bytes(migration.bytesPerSecond))}</span>}
    >
      <ol className="b-phases">
        {migration.phases.map((phase) => {
          const here = phase.number === migration.phase;
          const done = phase.percent >= 100;
          return (
            <li key={phase.number} className={here ? 'b-phase-here' : done ? 'b-phase-done' : ''} aria-current={here ? 'step' : undefined} data-testid={`phase-${phase.number}`}>
              <Bar percent={phase.percent} label={`${phase.number} ${phase.name}`} tone={done ? 'ok' : 'info'} busy={here && upgrade.state === 'RUNNING'} />
              <p>
                <strong>
                  {phase.number} {phase.name}
                </strong>{' '}
                <span className="b-quiet">{phase.percent} %</span>
              </p>
            </li>
          );
        })}
      </ol>
      {current && (
        <p className="b-small b-quiet">
          {text.upgrade.phasePurpose[current.number]}
          {current.bytesTotal > 0 && `: ${text.upgrade.ofBytes(bytes(current.bytesDone), bytes(current.bytesTotal))}`}
        </p>
      )}
    </Card>
  );
}

function LatencyCard({ upgrade }: { upgrade: Upgrade }) {
  const { latency: samples } = useLive();
  const baseline = upgrade.hostLatency?.baselineP99Micros ?? null;
  const current = upgrade.hostLatency?.currentP99Micros ?? null;
  return (
    <Card title={text.upgrade.latency} testId="host-latency">
      {baseline === null && current === null ? (
        <p className="b-small b-quiet">{text.upgrade.latencyNone}</p>
      ) : (
        <>
          <div className="b-latency">
            <p>
              <strong data-testid="latency-current">{current === null ? text.dash : latency(current)}</strong>
              <span>{text.upgrade.latencyNow}</span>
            </p>
            <p>
              <strong data-testid="latency-baseline">{baseline === null ? text.dash : latency(baseline)}</strong>
              <span>{text.upgrade.latencyBaseline}</span>
            </p>
            {baseline !== null && current !== null && <Pill tone={current > baseline * 2 ? 'warn' : 'ok'}>{ratio(current, baseline)}</Pill>}
          </div>
          <LatencyChart samples={samples} baseline={baseline} />
        </>
      )}
    </Card>
  );
}
