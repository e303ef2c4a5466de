import { useRef } from 'react';
import { api, useLive } from '../live';
import type { History, Package } from '../api/types';
import { between, bytes, compareVersions, dateTime } from '../format';
import { Alert, Button, Spinner } from '../pf';
import { Link, navigate } from '../router';
import { text } from '../text';
import { useAction, useNow, useResource } from '../ui/hooks';
import { ArrowIcon, UploadIcon } from '../ui/icons';
import { Card, Copy, Empty, ErrorNote, Loading, PageHead, Pill, STATE_TONE, Status, Table } from '../ui/kit';
import { toast } from '../ui/toasts';
import { runningOn, runs, runsOnBoth, whyNot } from '../ui/release-words';
import { isOpen } from '../ui/upgrade-words';

export function SoftwarePage() {
  const { appliance, upgrade } = useLive();
  const packages = useResource((o) => api.packages(o), 10_000);
  const history = useResource((o) => api.history(o), 5_000);
  const upload = useAction();
  const picker = useRef<HTMLInputElement>(null);
  const open = isOpen(upgrade);

  const send = async (file: File | undefined) => {
    if (!file) return;
    const added = await upload.run(() => api.addPackage(file));
    if (picker.current) picker.current.value = '';
    if (added) {
      toast(text.software.uploaded(added.version));
      packages.reload();
    }
  };

  return (
    <>
      <PageHead
        title={text.software.title}
        lead={appliance && <span data-testid="running-releases">{runs(appliance, upgrade)}</span>}
        actions={
          <>
            <input
              ref={picker}
              id="package-file"
              className="b-visually-hidden"
              type="file"
              accept=".pkg"
              tabIndex={-1}
              aria-label={text.software.upload}
              data-testid="package-file"
              onChange={(event) => void send(event.target.files?.[0])}
            />
            <Button variant="secondary" icon={<UploadIcon />} isDisabled={upload.busy} onClick={() => picker.current?.click()} data-testid="upload-package">
              {text.software.upload}
            </Button>
          </>
        }
      />
      {upload.busy && (
        <p className="b-note" role="status">
          <Spinner size="sm" aria-label={text.loading} /> {text.software.uploading(picker.current?.files?.[0]?.name ?? '')}
        </p>
      )}
      <ErrorNote error={upload.error ?? packages.error} />
      {open && (
        <Alert isInline component="p" variant="info" title={text.software.running} />
      )}
      {!packages.data && !packages.error && <Loading />}
      {packages.data?.length === 0 && (
        <Card>
          <Empty title={text.software.noPackages}>{text.software.noPackagesDetail}</Empty>
        </Card>
      )}
      {packages.data && packages.data.length > 0 && (
        <ul className="b-packages" data-testid="packages">
          {[...packages.data]
            .sort((a, b) => compareVersions(b.version, a.version))
            .map((one) => (
              <PackageCard key={one.version} one={one} all={packages.data ?? []} />
            ))}
        </ul>
      )}
      <HistoryCard history={history.data} error={history.error} />
    </>
  );
}

function PackageCard({ one, all }: { one: Package; all: Package[] }) {
  const { appliance, upgrade } = useLive();
  const open = isOpen(upgrade);
  const target = isOpen(upgrade) && upgrade.to === one.version;
  const on = appliance ? runningOn(appliance, one.version) : [];
  const current = appliance !== null && !target && runsOnBoth(appliance, one.version);
  // While an upgrade runs the note above says so for all of them.
  const reason = appliance && !open ? whyNot(one, appliance, all) : null;
  const reasonId = `why-not-${one.version}`;
  return (
    <li className={`b-card b-package ${current ? 'b-package-current' : ''}`} data-testid={`package-${one.version}`}>
      <div className="b-package-main">
        <h2 className="b-package-version">{one.version}</h2>
        <p className="b-package-tags">
          {current && <Pill tone="ok">{text.software.current}</Pill>}
          {target && <Pill tone="warn">{text.software.target}</Pill>}
          {!current && on.length > 0 && <Pill tone="quiet">{text.software.onOne(on)}</Pill>}
          {on.length === 0 && one.from.length > 0 && <Pill tone="quiet">{text.software.path(one.from)}</Pill>}
          <Pill tone={one.migrates ? 'info' : 'quiet'}>{one.migrates ? text.software.migrates : text.software.rolling}</Pill>
        </p>
        {one.notes && <p className="b-package-notes">{one.notes}</p>}
        <p className="b-package-facts b-small b-quiet">
          <span>{bytes(one.sizeBytes)}</span>
          <span className="b-nowrap">
            {text.software.sha} <span className="b-mono">{one.sha256.slice(0, 16)}…</span>
            <Copy value={one.sha256} what={text.software.sha} />
          </span>
          {one.addedAt && (
            <span>
              {text.software.added} {dateTime(one.addedAt)}
            </span>
          )}
        </p>
      </div>
      {!current && !target && !(open && on.length > 0) && (
        <div className="b-package-action">
          <Button
            variant={reason ? 'secondary' : 'primary'}
            isDisabled={open || reason !== null}
            aria-describedby={reason ? reasonId : undefined}
            onClick={() => navigate(`/software/${encodeURIComponent(one.version)}/start`)}
            data-testid={`start-${one.version}`}
          >
            {text.software.start}
          </Button>
          {reason && (
            <p id={reasonId} className="b-small b-quiet" data-testid={`why-not-${one.version}`}>
              {reason}
            </p>
          )}
        </div>
      )}
    </li>
  );
}

function HistoryCard({ history, error }: { history: History[] | null; error: unknown }) {
  const now = useNow(10_000);
  return (
    <Card title={text.software.history} className="b-card-flush">
      <ErrorNote error={error} />
      {history?.length === 0 && <p className="b-card-pad b-quiet">{text.software.noHistory}</p>}
      {history && history.length > 0 && (
        <Table
          label={text.software.history}
          testId="history-table"
          columns={[text.software.path2, text.software.outcome, text.software.when, text.software.took, text.software.by, text.software.report]}
        >
          {history.map((one) => (
            <tr key={one.id} data-testid={`history-${one.id}`}>
              <th scope="row" data-label={text.software.path2} className="b-mono">
                {text.upgrade.to(one.from, one.to)}
              </th>
              <td data-label={text.software.outcome}>
                <div>
                  <Status tone={STATE_TONE[one.state]}>{text.upgrade.state[one.state]}</Status>
                  {(one.cause || one.cancelReason) && <p className="b-small b-quiet">{one.cause?.detail ?? reasonName(one.cancelReason)}</p>}
                </div>
              </td>
              <td data-label={text.software.when}>{dateTime(one.startedAt)}</td>
              <td data-label={text.software.took}>{between(one.startedAt, one.endedAt, now)}</td>
              <td data-label={text.software.by}>{one.startedBy}</td>
              <td data-label={text.software.report}>
                <Link to={`/software/reports/${encodeURIComponent(one.id)}`} className="b-more">
                  {text.software.openReport} <ArrowIcon />
                </Link>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
}

/** A reason's code in words; one of a later release as it is. */
export function reasonName(code: string | null): string | null {
  if (!code) return null;
  return (text.cancel.reason as Record<string, string>)[code] ?? code;
}
