import { useState } from 'react';
import { api, useLive } from '../live';
import type { Snapshot, Volume } from '../api/types';
import { bytes, count } from '../format';
import { Alert, Button } from '../pf';
import { Link, volumePath } from '../router';
import { text } from '../text';
import { useResource } from '../ui/hooks';
import { PlusIcon } from '../ui/icons';
import { Bar, Code } from '../ui/kit';
import { ListPage } from '../ui/list-page';
import { isOpen } from '../ui/upgrade-words';
import { CreateVolumeDialog, DeleteVolumeDialog, GrowVolumeDialog } from '../ui/volume-dialogs';

type Dialog = { kind: 'create' } | { kind: 'grow' | 'delete'; volume: Volume } | null;

export function VolumesPage() {
  const { upgrade } = useLive();
  const { data, error, reload } = useResource((o) => api.volumes(o), 5_000);
  // Where there can be none yet, there is no column for them; a volume's own page says why.
  const snapshots = useResource((o) => api.allSnapshots(o), 5_000, upgrade?.state).data;
  const [dialog, setDialog] = useState<Dialog>(null);
  const frozen = isOpen(upgrade);
  const close = (changed: boolean) => {
    setDialog(null);
    if (changed) reload();
  };
  return (
    <>
      <ListPage
        title={text.volumes.title}
        lead={text.volumes.lead}
        action={
          <Button variant="primary" icon={<PlusIcon />} isDisabled={frozen} onClick={() => setDialog({ kind: 'create' })} data-testid="create-volume">
            {text.volumes.create}
          </Button>
        }
        note={frozen && <Alert isInline component="p" variant="info" title={text.volumes.duringUpgrade} />}
        data={data}
        error={error}
        empty={text.volumes.empty}
        emptyDetail={text.volumes.emptyDetail}
        columns={[
          text.name,
          { number: text.volumes.lun },
          { number: text.volumes.size },
          { number: text.volumes.allocated },
          ...(snapshots ? [{ number: text.volumes.snapshots }] : []),
          text.actions,
        ]}
        testId="volumes-table"
        row={(volume) => <VolumeRow key={volume.name} volume={volume} snapshots={snapshots} frozen={frozen} onDialog={setDialog} />}
        foot={(all) => (
          <div className="b-table-foot">
            <span>{text.volumes.target}</span>
            <Code what={text.volumes.target}>{all[0]!.target}</Code>
            <span>{text.volumes.portals}</span>
            {all[0]!.portals.map((portal) => (
              <Code key={portal} what={portal}>
                {portal}
              </Code>
            ))}
          </div>
        )}
      />
      {dialog?.kind === 'create' && <CreateVolumeDialog onClose={close} />}
      {dialog?.kind === 'grow' && <GrowVolumeDialog volume={dialog.volume} onClose={close} />}
      {dialog?.kind === 'delete' && <DeleteVolumeDialog volume={dialog.volume} onClose={close} />}
    </>
  );
}

interface RowProps {
  volume: Volume;
  snapshots: Snapshot[] | null;
  frozen: boolean;
  onDialog: (dialog: Dialog) => void;
}

function VolumeRow({ volume, snapshots, frozen, onDialog }: RowProps) {
  return (
    <tr data-testid={`volume-${volume.name}`}>
      <th scope="row" data-label={text.name} className="b-name">
        <Link to={volumePath(volume.name)} testId={`open-${volume.name}`}>
          {volume.name}
        </Link>
      </th>
      <td data-label={text.volumes.lun} className="b-number">
        {volume.lun}
      </td>
      <td data-label={text.volumes.size} className="b-number">
        {bytes(volume.sizeBytes)}
      </td>
      <td data-label={text.volumes.allocated} className="b-number">
        <Allocated volume={volume} />
      </td>
      {snapshots && (
        <td data-label={text.volumes.snapshots} className="b-number">
          {count(snapshots.filter((one) => one.volume === volume.name).length)}
        </td>
      )}
      <td className="b-row-actions" data-label="">
        <div className="b-actions">
          <Button variant="secondary" size="sm" isDisabled={frozen} aria-label={`${text.volumes.grow} ${volume.name}`} onClick={() => onDialog({ kind: 'grow', volume })}>
            {text.volumes.grow}
          </Button>
          <Button variant="secondary" size="sm" isDanger isDisabled={frozen} aria-label={`${text.volumes.delete} ${volume.name}`} onClick={() => onDialog({ kind: 'delete', volume })}>
            {text.volumes.delete}
          </Button>
        </div>
      </td>
    </tr>
  );
}

/** How much of a volume is written, as a size and as a bar. */
export function Allocated({ volume }: { volume: Volume }) {
  return (
    <div className="b-allocated">
      {bytes(volume.allocatedBytes)}
      <Bar percent={Math.round((100 * volume.allocatedBytes) / volume.sizeBytes)} label={`${volume.name}: ${text.volumes.allocated}`} />
    </div>
  );
}
