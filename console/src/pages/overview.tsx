import { api, useLive } from '../live';
import type { Alert as AlertType, Appliance, Space, Upgrade } from '../api/types';
import { bytes, compareVersions, count, reduction, timeOfDay } from '../format';
import { Button } from '../pf';
import { Link } from '../router';
import { text } from '../text';
import { ControllerPair } from '../ui/controller-card';
import { useAction, useNow, useResource } from '../ui/hooks';
import { ArrowIcon, CheckIcon } from '../ui/icons';
import { isOpen } from '../ui/upgrade-words';
import { mixed, releases } from '../ui/release-words';
import { Card, Code, Copy, ErrorNote, Facts, Loading, Status, type Tone } from '../ui/kit';

const HEALTH_TONE: Record<Appliance['health'], Tone> = { OK: 'ok', DEGRADED: 'warn', CRITICAL: 'bad' };

export function OverviewPage() {
  const { appliance, alerts, upgrade } = useLive();
  const volumes = useResource((o) => api.volumes(o)).data;
  const hosts = useResource((o) => api.hosts(o)).data;
  const space = useResource((o) => api.space(o)).data;
  const packages = useResource((o) => api.packages(o), 30_000).data;
  if (!appliance) return <Loading />;
  const open = alerts.filter((alert) => !alert.clearedAt);
  const fresh = volumes && hosts && (volumes.length === 0 || hosts.length === 0);
  const newer = packages
    ?.filter((one) => one.from.includes(appliance.version) && compareVersions(one.version, appliance.version) > 0)
    .sort((a, b) => compareVersions(b.version, a.version))[0];
  return (
    <>
      <header className={`b-hero b-tone-${HEALTH_TONE[appliance.health]}`}>
        <h1 data-testid="health">{headline(appliance, upgrade)}</h1>
        <p className="b-lead" data-testid="health-detail">
          {appliance.healthDetail}
        </p>
      </header>
      {fresh && <NextSteps appliance={appliance} hasVolume={volumes.length > 0} hasHost={hosts.length > 0} />}
      {open.length > 0 && (
        <Card title={text.overview.alerts} testId="alerts" className="b-card-alerts">
          <ul className="b-alerts">
            {open.map((alert) => (
              <AlertRow key={alert.id} alert={alert} />
            ))}
          </ul>
        </Card>
      )}
      <section className="b-section" aria-labelledby="controllers-title">
        <div className="b-section-head">
          <h2 id="controllers-title">{text.overview.controllers}</h2>
          <Status tone={appliance.redundant ? 'ok' : 'warn'} testId="redundant">
            {redundancy(appliance)}
          </Status>
        </div>
        <ControllerPair controllers={appliance.controllers} redundant={appliance.redundant} />
      </section>
      <div className="b-grid-3">
        <Card title={text.overview.storage} testId="storage-summary">
          {volumes ? (
            <>
              <p className="b-figures">
                <Link to="/volumes" className="b-figure">
                  <strong>{count(volumes.length)}</strong> {text.overview.volumes(volumes.length)}
                </Link>
                <Link to="/hosts" className="b-figure">
                  <strong>{hosts ? count(hosts.length) : text.dash}</strong> {text.overview.hosts(hosts?.length ?? 0)}
                </Link>
              </p>
              <Facts
                testId="space"
                entries={[
                  [text.overview.provisioned, bytes(volumes.reduce((sum, volume) => sum + volume.sizeBytes, 0))],
                  [text.overview.allocated, bytes(volumes.reduce((sum, volume) => sum + volume.allocatedBytes, 0))],
                  ...(space ? spaceFacts(space) : []),
                ]}
              />
            </>
          ) : (
            <Loading />
          )}
        </Card>
        <Card title={text.overview.software}>
          <p className="b-figures" data-testid="software-summary">
            <Release appliance={appliance} upgrade={upgrade} />
          </p>
          {newer && !isOpen(upgrade) && !mixed(appliance) && <p className="b-small">{text.overview.updateAvailable(newer.version)}</p>}
          <Link to="/software" className="b-more">
            {text.overview.seeSoftware} <ArrowIcon />
          </Link>
        </Card>
        <Card title={text.overview.connect}>
          <dl className="b-facts b-facts-stacked">
            <div>
              <dt>{text.overview.target}</dt>
              <dd>
                <Code what={text.overview.target}>{appliance.target}</Code>
              </dd>
            </div>
            <div>
              <dt>{text.overview.floating}</dt>
              <dd>
                <Code what={appliance.portals.floating}>{appliance.portals.floating}</Code>
              </dd>
            </div>
            <div>
              <dt>{text.overview.fixed}</dt>
              <dd className="b-list-inline">
                {appliance.portals.fixed.map((portal) => (
                  <Code key={portal} what={portal}>
                    {portal}
                  </Code>
                ))}
              </dd>
            </div>
          </dl>
        </Card>
      </div>
    </>
  );
}

/** What is compressed and shared takes less than it holds; in format 1 there is nothing of the kind to tell. */
function spaceFacts(space: Space): [string, string | null][] {
  const pool = space.format >= 2;
  return [
    [text.overview.withSnapshots, pool ? bytes(space.allocatedBytes) : null],
    [text.overview.onDisk, pool ? bytes(space.usedBytes) : null],
    [text.overview.reduced, pool ? reduction(space.allocatedBytes, space.usedBytes - space.reclaimableBytes) : null],
    [text.overview.free, bytes(space.freeBytes)],
  ];
}

/** An upgrade lowers the health by itself: then nothing needs a look. */
function headline(appliance: Appliance, upgrade: Upgrade | null): string {
  if (appliance.health !== 'DEGRADED' || !isOpen(upgrade)) return text.overview.headline[appliance.health];
  return upgrade.state === 'CANCELING' ? text.overview.goingBack : text.overview.underWay;
}

function redundancy(appliance: Appliance): string {
  if (appliance.redundant) return text.overview.redundant;
  const online = appliance.controllers.every((controller) => controller.status === 'ONLINE' && controller.role);
  return online && mixed(appliance) ? text.overview.twoReleases : text.overview.notRedundant;
}

/** One release's name only while no controller runs another one and none is on its way. */
function Release({ appliance, upgrade }: { appliance: Appliance; upgrade: Upgrade | null }) {
  if (isOpen(upgrade)) {
    return (
      <Link to="/upgrade" className="b-figure">
        <strong>{text.upgrade.to(upgrade.from, upgrade.to)}</strong> {text.overview.onTheWay[upgrade.state]}
      </Link>
    );
  }
  return (
    <span className="b-figure">
      <strong>{mixed(appliance) ? releases(appliance).join(', ') : appliance.version}</strong>{' '}
      {mixed(appliance) ? text.overview.mixed : text.overview.installed.toLowerCase()}
    </span>
  );
}

function AlertRow({ alert }: { alert: AlertType }) {
  const now = useNow(30_000);
  const action = useAction();
  return (
    <li className={`b-alert b-tone-${alert.severity === 'CRITICAL' ? 'bad' : alert.severity === 'WARNING' ? 'warn' : 'info'}`} data-testid={`alert-${alert.id}`}>
      <div>
        <p className="b-alert-message">
          <span className="b-visually-hidden">{text.severity[alert.severity]}: </span>
          {alert.message}
        </p>
        <p className="b-small">{alert.whatToDo}</p>
        <p className="b-small b-quiet">
          {text.overview.since} {timeOfDay(alert.raisedAt, now)}
        </p>
        <ErrorNote error={action.error} />
      </div>
      {alert.acknowledgedAt ? (
        <span className="b-small b-quiet">{text.overview.acknowledged}</span>
      ) : (
        <Button variant="secondary" size="sm" isDisabled={action.busy} onClick={() => void action.run(() => api.acknowledge(alert.id))}>
          {text.overview.acknowledge}
        </Button>
      )}
    </li>
  );
}

function NextSteps({ appliance, hasVolume, hasHost }: { appliance: Appliance; hasVolume: boolean; hasHost: boolean }) {
  const discover = `iscsiadm -m discovery -t sendtargets -p ${appliance.portals.floating}`;
  const login = `iscsiadm -m node -T ${appliance.target} --login`;
  return (
    <Card title={text.overview.next} className="b-next" testId="next-steps">
      <p className="b-lead">{text.overview.nextLead}</p>
      <ol className="b-next-steps">
        <li className={hasVolume ? 'b-done' : ''}>
          <h3>{hasVolume ? <><CheckIcon /> {text.overview.next1}</> : <Link to="/volumes">{text.overview.next1}</Link>}</h3>
          <p>{text.overview.next1Detail}</p>
        </li>
        <li className={hasHost ? 'b-done' : ''}>
          <h3>{hasHost ? <><CheckIcon /> {text.overview.next2}</> : <Link to="/hosts">{text.overview.next2}</Link>}</h3>
          <p>{text.overview.next2Detail}</p>
        </li>
        <li>
          <h3>{text.overview.next3}</h3>
          <p>{text.overview.next3Detail}</p>
          <div className="b-terminal">
            {[discover, login].map((line) => (
              <span key={line} className="b-code">
                <code>{line}</code>
                <Copy value={line} what={line} />
              </span>
            ))}
          </div>
        </li>
      </ol>
    </Card>
  );
}
