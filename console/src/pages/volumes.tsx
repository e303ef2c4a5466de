import { useState } from 'react';
import { api, useLive } from '../live';
import type { Volume } from '../api/types';
import { bytes, parseSize } from '../format';
import { Alert, Button, FormGroup, TextInput } from '../pf';
import { text } from '../text';
import { FormDialog, Hint, type Closing } from '../ui/form-dialog';
import { useAction, useResource } from '../ui/hooks';
import { PlusIcon } from '../ui/icons';
import { Bar, Code } from '../ui/kit';
import { ListPage } from '../ui/list-page';
import { toast } from '../ui/toasts';
import { isOpen } from '../ui/upgrade-words';

type Dialog = { kind: 'create' } | { kind: 'grow' | 'delete'; volume: Volume } | null;

export function VolumesPage() {
  const { data, error, reload } = useResource((o) => api.volumes(o), 5_000);
  const { upgrade } = useLive();
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
        columns={[text.volumes.name, text.volumes.lun, text.volumes.size, text.volumes.allocated, text.volumes.portals, text.volumes.actions]}
        testId="volumes-table"
        row={(volume) => <VolumeRow key={volume.name} volume={volume} frozen={frozen} onDialog={setDialog} />}
        foot={(all) => (
          <p className="b-table-foot">
            {text.volumes.target} <Code what={text.volumes.target}>{all[0]!.target}</Code>
          </p>
        )}
      />
      {dialog?.kind === 'create' && <CreateDialog onClose={close} />}
      {dialog?.kind === 'grow' && <GrowDialog volume={dialog.volume} onClose={close} />}
      {dialog?.kind === 'delete' && <DeleteDialog volume={dialog.volume} onClose={close} />}
    </>
  );
}

interface RowProps {
  volume: Volume;
  frozen: boolean;
  onDialog: (dialog: Dialog) => void;
}

function VolumeRow({ volume, frozen, onDialog }: RowProps) {
  return (
    <tr data-testid={`volume-${volume.name}`}>
      <th scope="row" data-label={text.volumes.name}>
        {volume.name}
      </th>
      <td data-label={text.volumes.lun}>{volume.lun}</td>
      <td data-label={text.volumes.size}>{bytes(volume.sizeBytes)}</td>
      <td data-label={text.volumes.allocated}>
        <div className="b-allocated">
          {bytes(volume.allocatedBytes)}
          <Bar percent={Math.round((100 * volume.allocatedBytes) / volume.sizeBytes)} label={`${volume.name}: ${text.volumes.allocated}`} />
        </div>
      </td>
      <td data-label={text.volumes.portals}>
        <div className="b-portals">
          {volume.portals.map((portal) => (
            <Code key={portal} what={portal}>
              {portal}
            </Code>
          ))}
        </div>
      </td>
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

function CreateDialog({ onClose }: Closing) {
  const [name, setName] = useState('');
  const [size, setSize] = useState('10G');
  const [checked, setChecked] = useState(false);
  const action = useAction();
  const sizeBytes = parseSize(size);
  const problems = { name: checked && !name.trim() && text.requiredName, size: checked && !sizeBytes && text.volumes.badSize };
  const submit = async () => {
    setChecked(true);
    if (!name.trim() || !sizeBytes) return;
    if (await action.run(() => api.createVolume(name.trim(), sizeBytes))) {
      toast(`${name.trim()}: ${bytes(sizeBytes)}`);
      onClose(true);
    }
  };
  return (
    <FormDialog title={text.volumes.create} submit={text.volumes.create} action={action} onSubmit={submit} onClose={onClose} testId="volume-dialog" submitTestId="volume-submit">
      <FormGroup label={text.volumes.name} fieldId="volume-name" isRequired>
        <TextInput id="volume-name" value={name} autoFocus autoComplete="off" spellCheck={false} onChange={(_e, value) => setName(value)} validated={problems.name ? 'error' : 'default'} data-testid="volume-name" />
        <Hint problem={problems.name} help={text.volumes.nameHelp} />
      </FormGroup>
      <FormGroup label={text.volumes.size} fieldId="volume-size" isRequired>
        <TextInput id="volume-size" value={size} autoComplete="off" onChange={(_e, value) => setSize(value)} validated={problems.size ? 'error' : 'default'} data-testid="volume-size" />
        <Hint problem={problems.size} help={text.volumes.sizeHelp} />
      </FormGroup>
    </FormDialog>
  );
}

function GrowDialog({ volume, onClose }: Closing & { volume: Volume }) {
  const [size, setSize] = useState('');
  const [checked, setChecked] = useState(false);
  const action = useAction();
  const sizeBytes = parseSize(size);
  const problem = !sizeBytes ? text.volumes.badSize : sizeBytes <= volume.sizeBytes ? text.volumes.notLarger : null;
  const submit = async () => {
    setChecked(true);
    if (problem || !sizeBytes) return;
    if (await action.run(() => api.resizeVolume(volume.name, sizeBytes))) {
      toast(`${volume.name}: ${bytes(sizeBytes)}`);
      onClose(true);
    }
  };
  return (
    <FormDialog
      title={text.volumes.growTitle(volume.name)}
      lead={text.volumes.growLead(bytes(volume.sizeBytes))}
      submit={text.volumes.grow}
      action={action}
      onSubmit={submit}
      onClose={onClose}
      submitTestId="volume-grow-submit"
    >
      <FormGroup label={text.volumes.newSize} fieldId="new-size" isRequired>
        <TextInput id="new-size" value={size} autoFocus autoComplete="off" onChange={(_e, value) => setSize(value)} validated={checked && problem ? 'error' : 'default'} data-testid="volume-new-size" />
        <Hint problem={checked && problem} help={text.volumes.sizeHelp} />
      </FormGroup>
    </FormDialog>
  );
}

function DeleteDialog({ volume, onClose }: Closing & { volume: Volume }) {
  const [typed, setTyped] = useState('');
  const action = useAction();
  const submit = async () => {
    const done = await action.run(async () => {
      await api.deleteVolume(volume.name);
      return true;
    });
    if (done) onClose(true);
  };
  return (
    <FormDialog
      title={text.volumes.deleteTitle(volume.name)}
      lead={text.volumes.deleteLead}
      submit={text.volumes.delete}
      danger
      isDisabled={typed !== volume.name}
      action={action}
      onSubmit={submit}
      onClose={onClose}
      submitTestId="volume-delete-submit"
    >
      <FormGroup label={text.volumes.typeName(volume.name)} fieldId="typed-name">
        <TextInput id="typed-name" value={typed} autoFocus autoComplete="off" spellCheck={false} onChange={(_e, value) => setTyped(value)} data-testid="volume-delete-name" />
      </FormGroup>
    </FormDialog>
  );
}
