// The report of one upgrade, readable and printable, with the receipt.
import { api } from '../live';
import type { Report } from '../api/types';
import { between, count, dateTime, latency, timeOfDay } from '../format';
import { Alert, Button } from '../pf';
import { Link } from '../router';
import { text } from '../text';
import { useResource } from '../ui/hooks';
import { BackIcon, CheckIcon, CrossIcon } from '../ui/icons';
import { eventSentence } from '../ui/event-words';
import { Card, ErrorNote, Facts, Loading, PageHead, Pill, STATE_TONE } from '../ui/kit';
import { Steps } from '../ui/steps';
import { reasonName } from './software';

export function ReportPage({ id }: { id: string }) {
  const { data, error } = useResource((o) => api.report(id, o), 10_000);
  if (!data) {
    return (
      <>
        <PageHead above={<Back />} title={text.software.report} />
        {error ? <ErrorNote error={error} /> : <Loading />}
      </>
    );
  }
  const { upgrade } = data;
  return (
    <article data-testid="report">
      <PageHead
        above={<Back />}
        title={text.report.title(upgrade.from, upgrade.to)}
        lead={<span className="b-mono b-small">{upgrade.id}</span>}
        actions={
          <>
            <Pill tone={STATE_TONE[upgrade.state]} testId="report-state">
              {text.upgrade.state[upgrade.state]}
            </Pill>
            <Button variant="secondary" size="sm" className="b-no-print" onClick={() => window.print()}>
              {text.report.print}
            </Button>
          </>
        }
      />
      {upgrade.cause && (
        <Alert isInline component="p" variant="danger" title={text.report.cause}>
          {upgrade.cause.detail}
        </Alert>
      )}
      <div className="b-columns b-columns-even">
        <Card title={text.report.who} className="b-card-titleless">
          <Facts
            entries={[
              [text.report.who, upgrade.startedBy],
              [text.report.started, dateTime(upgrade.startedAt)],
              [text.report.ended, upgrade.endedAt && dateTime(upgrade.endedAt)],
              [text.report.took, upgrade.endedAt && between(upgrade.startedAt, upgrade.endedAt, 0)],
              [text.report.reason, reasonName(upgrade.cancelReason)],
              [text.report.comment, upgrade.cancelComment],
            ]}
          />
          {data.hostLatency && <LatencyRow report={data.hostLatency} />}
        </Card>
        {data.receipt && <ReceiptCard receipt={data.receipt} />}
      </div>
      <Card title={text.report.steps}>
        <Steps steps={data.steps} ended />
      </Card>
      {data.events.length > 0 && (
        <Card title={text.report.events}>
          <ol className="b-log">
            {data.events.map((entry, index) => (
              <li key={index}>
                <time dateTime={entry.at}>{timeOfDay(entry.at, Date.parse(upgrade.startedAt))}</time>
                <p>{eventSentence(entry.what, entry.detail)}</p>
                <span className="b-mono b-quiet">{entry.what}</span>
              </li>
            ))}
          </ol>
        </Card>
      )}
    </article>
  );
}

function Back() {
  return (
    <Link to="/software" className="b-back">
      <BackIcon /> {text.report.back}
    </Link>
  );
}

function LatencyRow({ report }: { report: NonNullable<Report['hostLatency']> }) {
  const shown = (micros: number | null) => (micros === null ? text.dash : latency(micros));
  return (
    <div className="b-report-latency">
      <h2>{text.report.latency}</h2>
      <div className="b-latency">
        {(
          [
            [text.report.before, report.beforeP99Micros],
            [text.report.during, report.duringP99Micros],
            [text.report.after, report.afterP99Micros],
          ] as const
        ).map(([label, micros]) => (
          <p key={label}>
            <strong>{shown(micros)}</strong>
            <span>{label}</span>
          </p>
        ))}
      </div>
    </div>
  );
}

function ReceiptCard({ receipt }: { receipt: NonNullable<Report['receipt']> }) {
  return (
    <Card title={text.report.receipt} className="b-receipt" testId="receipt" aside={receipt.redundant ? <CheckIcon className="b-tone-ok" /> : <CrossIcon className="b-tone-bad" />}>
      <p className="b-small b-quiet">{text.report.receiptLead}</p>
      <Facts
        entries={[
          [text.report.writes, count(receipt.writesAcknowledged)],
          [text.report.volumesVerified, count(receipt.volumesVerified)],
          [text.report.redundant, receipt.redundant ? text.report.yes : text.report.no],
          [text.report.versions, pairs(receipt.versions)],
          [text.report.slots, pairs(receipt.slots)],
        ]}
      />
    </Card>
  );
}

function pairs(map: Record<string, string>) {
  return (
    <span className="b-mono">
      {Object.entries(map)
        .map(([name, value]) => `${name}: ${value}`)
        .join(', ')}
    </span>
  );
}
