import { useState } from 'react';
import { Refused } from '../api/client';
import { api, live, useLive } from '../live';
import type { Prechecks, Priority, UpgradeStart } from '../api/types';
import { parseSize } from '../format';
import { Alert, Button, Form, FormGroup, Radio, TextInput } from '../pf';
import { Link, navigate } from '../router';
import { text } from '../text';
import { Hint } from '../ui/form-dialog';
import { useAction, useResource } from '../ui/hooks';
import { BackIcon, CheckIcon, CrossIcon } from '../ui/icons';
import { Card, ErrorNote, Loading, PageHead } from '../ui/kit';
import { PausePointsField } from '../ui/pause-points';
import { whyNot } from '../ui/release-words';
import { isOpen, pausePoints, planLine } from '../ui/upgrade-words';

const PRIORITIES: Priority[] = ['HOST_FIRST', 'BALANCED', 'FINISH_SOONER'];
const DEFAULT_CONFIRM_SECONDS = '60';

export function StartPage({ version }: { version: string }) {
  const { appliance, upgrade } = useLive();
  const packages = useResource((o) => api.packages(o), 30_000).data;
  const [pauseAt, setPauseAt] = useState<string[]>([]);
  const [priority, setPriority] = useState<Priority>('HOST_FIRST');
  const [rate, setRate] = useState('');
  const [confirm, setConfirm] = useState(DEFAULT_CONFIRM_SECONDS);
  const [prechecks, setPrechecks] = useState<Prechecks | null>(null);
  const check = useAction();
  const start = useAction();
  const one = packages?.find((candidate) => candidate.version === version);
  if (!packages || !appliance) return <Loading />;

  const rateBytes = rate.trim() === '' ? null : parseSize(rate);
  const badRate = rate.trim() !== '' && rateBytes === null;
  const badConfirm = !/^\d{1,6}$/.test(confirm.trim());
  const busy = check.busy || start.busy;
  const reason = isOpen(upgrade) ? text.software.running : one ? whyNot(one, appliance, packages) : null;
  const points = pausePoints(one?.migrates ?? false);

  const order: UpgradeStart = {
    version,
    pauseAt: points.filter((point) => pauseAt.includes(point)),
    ...(one?.migrates && { priority, maxBytesPerSecond: rateBytes, confirmSeconds: Number(confirm) }),
  };
  /** A refused start carries its prechecks: they are shown like those of a dry run. */
  const keepPrechecks = (thrown: unknown): never => {
    if (thrown instanceof Refused && thrown.problem.prechecks) setPrechecks(thrown.problem.prechecks);
    throw thrown;
  };
  const dryRun = async () => {
    start.clear();
    const found = await check.run(() => api.dryRun(order).catch(keepPrechecks));
    if (found) setPrechecks(found);
  };
  const go = async () => {
    check.clear();
    const started = await start.run(() => api.startUpgrade(order).catch(keepPrechecks));
    if (!started) return;
    live.accept(started);
    navigate('/upgrade');
  };

  return (
    <>
      <PageHead
        above={
          <Link to="/software" className="b-back">
            <BackIcon /> {text.nav.software}
          </Link>
        }
        title={text.start.title(version)}
        lead={
          !reason && (
            <>
              {text.start.lead(appliance.version, version)} {one?.migrates && text.start.leadMigration}
            </>
          )
        }
      />
      {!one && <Alert isInline component="p" variant="warning" title={text.start.noSuch} />}
      {reason && (
        <Alert isInline component="p" variant="warning" title={text.start.notNow(version)} data-testid="why-not">
          {reason}
        </Alert>
      )}
      <div className="b-columns">
        <Card title={text.start.options}>
          <Form onSubmit={(event) => event.preventDefault()}>
            <PausePointsField points={points} chosen={pauseAt} onChange={setPauseAt} />
            {one?.migrates && (
              <>
                <FormGroup role="radiogroup" label={text.start.priority} fieldId="priority">
                  {PRIORITIES.map((known) => (
                    <Radio
                      key={known}
                      id={`priority-${known}`}
                      name="priority"
                      label={text.upgrade.priorities[known]}
                      description={text.upgrade.priorityHelp[known]}
                      isChecked={priority === known}
                      onChange={() => setPriority(known)}
                    />
                  ))}
                </FormGroup>
                <div className="b-two">
                  <FormGroup label={text.start.maxRate} fieldId="max-rate">
                    <TextInput id="max-rate" value={rate} autoComplete="off" onChange={(_e, value) => setRate(value)} validated={badRate ? 'error' : 'default'} />
                    <Hint problem={badRate && text.start.badRate} help={text.start.maxRateHelp} />
                  </FormGroup>
                  <FormGroup label={text.start.confirmSeconds} fieldId="confirm-seconds">
                    <TextInput id="confirm-seconds" inputMode="numeric" value={confirm} autoComplete="off" onChange={(_e, value) => setConfirm(value)} validated={badConfirm ? 'error' : 'default'} data-testid="confirm-seconds" />
                    <Hint problem={badConfirm && text.start.badConfirm} />
                  </FormGroup>
                </div>
              </>
            )}
            <div className="b-remark">
              <h3>{text.start.cancelTitle}</h3>
              <p className="b-small">{one?.migrates ? text.start.cancelMigration : text.start.cancelRolling}</p>
            </div>
            <ErrorNote error={check.error ?? start.error} />
            <div className="b-actions">
              <Button variant="primary" isLoading={start.busy} isDisabled={busy || badRate || (one?.migrates && badConfirm) || !one || reason !== null || isOpen(upgrade)} onClick={() => void go()} data-testid="start-upgrade">
                {start.busy ? text.start.starting : text.start.go}
              </Button>
              <Button variant="secondary" isLoading={check.busy} isDisabled={busy || badRate || (one?.migrates && badConfirm)} onClick={() => void dryRun()} data-testid="dry-run">
                {check.busy ? text.start.dryRunning : text.start.dryRun}
              </Button>
            </div>
          </Form>
        </Card>
        <div aria-live="polite">{prechecks && <PrechecksCard prechecks={prechecks} />}</div>
      </div>
    </>
  );
}

function PrechecksCard({ prechecks }: { prechecks: Prechecks }) {
  return (
    <Card title={text.start.checks} testId="prechecks">
      <p className={`b-verdict b-tone-${prechecks.passed ? 'ok' : 'bad'}`} data-testid="prechecks-verdict">
        {prechecks.passed ? text.start.passed : text.start.notPassed}
      </p>
      <ul className="b-checklist">
        {prechecks.checks.map((check) => (
          <li key={check.name} className={`b-tone-${check.passed ? 'ok' : 'bad'}`} data-testid={`precheck-${check.name}`}>
            {check.passed ? <CheckIcon /> : <CrossIcon />}
            <div>
              <p>
                <span className="b-visually-hidden">{check.passed ? text.start.passedWord : text.start.failedWord}: </span>
                {check.detail}
              </p>
              {!check.passed && check.remedy && <p className="b-small">{check.remedy}</p>}
            </div>
          </li>
        ))}
      </ul>
      {prechecks.plan.length > 0 && (
        <>
          <h3>{text.start.plan}</h3>
          <ol className="b-plan" data-testid="plan">
            {prechecks.plan.map((line, index) => (
              <li key={index}>{planLine(line)}</li>
            ))}
          </ol>
        </>
      )}
    </Card>
  );
}
