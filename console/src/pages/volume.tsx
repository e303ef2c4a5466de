// A volume's own page: what it is, who may use it, its snapshots.
import { useState, type ReactNode } from 'react';
import { Refused } from '../api/client';
import { api, useLive } from '../live';
import type { Host, Snapshot, Volume } from '../api/types';
import { bytes, dateTime } from '../format';
import { Alert, Button } from '../pf';
import { Link, navigate } from '../router';
import { text } from '../text';
import { useResource } from '../ui/hooks';
import { ArrowIcon, BackIcon, PlusIcon } from '../ui/icons';
import { Card, Code, Empty, ErrorNote, Facts, Loading, PageHead, Table } from '../ui/kit';
import { CloneSnapshotDialog, DeleteSnapshotDialog, RollBackDialog, TakeSnapshotDialog } from '../ui/snapshot-dialogs';
import { isOpen } from '../ui/upgrade-words';
import { DeleteVolumeDialog, GrowVolumeDialog } from '../ui/volume-dialogs';
import { Allocated } from './volumes';

type Dialog = { kind: 'grow' | 'delete' | 'take' } | { kind: 'clone' | 'roll-back' | 'delete-snapshot'; snapshot: Snapshot } | null;

export function VolumePage({ name }: { name: string }) {
  const { upgrade } = useLive();
  const volume = useResource((o) => api.volume(name, o), 5_000);
  const snapshots = useResource((o) => api.snapshots(name, o), 5_000, upgrade?.state);
  const hosts = useResource((o) => api.hosts(o)).data;
  const [dialog, setDialog] = useState<Dialog>(null);
  const frozen = isOpen(upgrade);
  const of = volume.data;
  const head = (actions: ReactNode) => (
    <PageHead
      above={
        <Link to="/volumes" className="b-back">
          <BackIcon /> {text.volumes.title}
        </Link>
      }
      title={name}
      actions={actions}
    />
  );
  if (!of) {
    return (
      <>
        {head(null)}
        {volume.error ? <ErrorNote error={volume.error} /> : <Loading />}
      </>
    );
  }
  const close = (changed: boolean) => {
    setDialog(null);
    if (!changed) return;
    if (dialog?.kind === 'delete') return navigate('/volumes');
    volume.reload();
    snapshots.reload();
  };
  return (
    <>
      {head(
        <>
          <Button variant="secondary" isDisabled={frozen} onClick={() => setDialog({ kind: 'grow' })}>
            {text.volumes.grow}
          </Button>
          <Button variant="secondary" isDanger isDisabled={frozen} onClick={() => setDialog({ kind: 'delete' })}>
            {text.volumes.delete}
          </Button>
        </>,
      )}
      {frozen && <Alert isInline component="p" variant="info" title={text.volumes.frozen} />}
      <ErrorNote error={volume.error} />
      <div className="b-columns b-columns-even">
        <Card title={text.volumes.space}>
          <Facts
            entries={[
              [text.volumes.size, bytes(of.sizeBytes)],
              [text.volumes.allocated, <Allocated key="allocated" volume={of} />],
              [text.volumes.snapshots, snapshots.data && String(snapshots.data.length)],
            ]}
          />
        </Card>
        <AccessCard volume={of} hosts={hosts} />
      </div>
      <SnapshotsCard snapshots={snapshots.data} error={snapshots.error} frozen={frozen} onDialog={setDialog} />
      {dialog?.kind === 'grow' && <GrowVolumeDialog volume={of} onClose={close} />}
      {dialog?.kind === 'delete' && <DeleteVolumeDialog volume={of} onClose={close} />}
      {dialog?.kind === 'take' && <TakeSnapshotDialog volume={of} taken={snapshots.data ?? []} onClose={close} />}
      {dialog?.kind === 'clone' && <CloneSnapshotDialog snapshot={dialog.snapshot} onClose={close} />}
      {dialog?.kind === 'roll-back' && <RollBackDialog snapshot={dialog.snapshot} onClose={close} />}
      {dialog?.kind === 'delete-snapshot' && <DeleteSnapshotDialog snapshot={dialog.snapshot} onClose={close} />}
    </>
  );
}

function AccessCard({ volume, hosts }: { volume: Volume; hosts: Host[] | null }) {
  const users = hosts?.filter((host) => host.volumes.includes('*') || host.volumes.includes(volume.name));
  return (
    <Card title={text.volumes.access}>
      <Facts
        entries={[
          [text.volumes.lun, String(volume.lun)],
          [text.volumes.serial, <Code key="serial" what={text.volumes.serial}>{volume.serial}</Code>],
          [text.volumes.target, <Code key="target" what={text.volumes.target}>{volume.target}</Code>],
          [text.volumes.usedBy, users && (users.map((host) => (host.iqn === '*' ? text.volumes.anyHost(host.name) : host.name)).join(', ') || text.volumes.nobody)],
        ]}
      />
    </Card>
  );
}

interface SnapshotsProps {
  snapshots: Snapshot[] | null;
  error: unknown;
  frozen: boolean;
  onDialog: (dialog: Dialog) => void;
}

/** The snapshots, or in the server's words why there can be none. */
function SnapshotsCard({ snapshots, error, frozen, onDialog }: SnapshotsProps) {
  if (error instanceof Refused && error.code === 'NEEDS_FORMAT_2') {
    return (
      <Card title={text.snapshots.title} testId="snapshots-need-format-2">
        <p>{error.message}</p>
        <Link to="/software" className="b-more">
          {text.overview.seeSoftware} <ArrowIcon />
        </Link>
      </Card>
    );
  }
  const take = (
    <Button variant="primary" icon={<PlusIcon />} isDisabled={frozen} onClick={() => onDialog({ kind: 'take' })} data-testid="take-snapshot">
      {text.snapshots.take}
    </Button>
  );
  return (
    <Card title={text.snapshots.title} className="b-card-flush" aside={snapshots && snapshots.length > 0 && take} testId="snapshots">
      {!snapshots && (error ? <ErrorNote error={error} /> : <Loading />)}
      {snapshots?.length === 0 && (
        <Empty title={text.snapshots.none} action={take}>
          {text.snapshots.lead} {text.snapshots.noneDetail}
        </Empty>
      )}
      {snapshots && snapshots.length > 0 && (
        <>
          <Table
            label={text.snapshots.title}
            testId="snapshots-table"
            columns={[text.name, { number: text.snapshots.size }, { number: text.snapshots.allocated }, text.snapshots.created, text.actions]}
          >
            {newestFirst(snapshots).map((one) => (
              <SnapshotRow key={one.name} snapshot={one} frozen={frozen} onDialog={onDialog} />
            ))}
          </Table>
          <p className="b-table-foot">{text.snapshots.allocatedFoot}</p>
        </>
      )}
    </Card>
  );
}

/** The one that is most likely looked for stands first. */
function newestFirst(snapshots: Snapshot[]): Snapshot[] {
  return [...snapshots].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

function SnapshotRow({ snapshot, frozen, onDialog }: { snapshot: Snapshot; frozen: boolean; onDialog: (dialog: Dialog) => void }) {
  const { name } = snapshot;
  return (
    <tr data-testid={`snapshot-${name}`}>
      <th scope="row" data-label={text.name} className="b-name">
        {name}
      </th>
      <td data-label={text.snapshots.size} className="b-number">
        {bytes(snapshot.sizeBytes)}
      </td>
      <td data-label={text.snapshots.allocated} className="b-number">
        {bytes(snapshot.allocatedBytes)}
      </td>
      <td data-label={text.snapshots.created} className="b-nowrap">
        <time dateTime={snapshot.createdAt}>{dateTime(snapshot.createdAt)}</time>
      </td>
      <td className="b-row-actions" data-label="">
        <div className="b-actions">
          <Button variant="secondary" size="sm" isDisabled={frozen} aria-label={`${text.snapshots.clone} ${name}`} onClick={() => onDialog({ kind: 'clone', snapshot })}>
            {text.snapshots.clone}
          </Button>
          <Button variant="secondary" size="sm" isDanger isDisabled={frozen} aria-label={`${text.snapshots.rollBack} ${name}`} onClick={() => onDialog({ kind: 'roll-back', snapshot })}>
            {text.snapshots.rollBack}
          </Button>
          <Button variant="secondary" size="sm" isDanger isDisabled={frozen} aria-label={`${text.snapshots.delete} ${name}`} onClick={() => onDialog({ kind: 'delete-snapshot', snapshot })}>
            {text.snapshots.delete}
          </Button>
        </div>
      </td>
    </tr>
  );
}
