// What can be done to a volume, asked for in a dialog: the same on the list and on its own page.
import { useState } from 'react';
import { api } from '../live';
import type { Volume } from '../api/types';
import { bytes, parseSize } from '../format';
import { FormGroup, TextInput } from '../pf';
import { text } from '../text';
import { ConfirmDialog, FormDialog, Hint, NameField, type Closing } from './form-dialog';
import { useAction } from './hooks';
import { toast } from './toasts';

type OfVolume = Closing & { volume: Volume };

export function CreateVolumeDialog({ onClose }: Closing) {
  const [name, setName] = useState('');
  const [size, setSize] = useState('10G');
  const [checked, setChecked] = useState(false);
  const action = useAction();
  const sizeBytes = parseSize(size);
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
      <NameField id="volume-name" value={name} onChange={setName} checked={checked} help={text.volumes.nameHelp} />
      <FormGroup label={text.volumes.size} fieldId="volume-size" isRequired>
        <TextInput id="volume-size" value={size} autoComplete="off" onChange={(_e, value) => setSize(value)} validated={checked && !sizeBytes ? 'error' : 'default'} data-testid="volume-size" />
        <Hint problem={checked && !sizeBytes && text.volumes.badSize} help={text.volumes.sizeHelp} />
      </FormGroup>
    </FormDialog>
  );
}

export function GrowVolumeDialog({ volume, onClose }: OfVolume) {
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

export function DeleteVolumeDialog({ volume, onClose }: OfVolume) {
  return (
    <ConfirmDialog
      title={text.volumes.deleteTitle(volume.name)}
      lead={text.volumes.deleteLead}
      submit={text.volumes.delete}
      typed={volume.name}
      act={() => api.deleteVolume(volume.name)}
      said={text.volumes.deleted(volume.name)}
      onClose={onClose}
      testId="volume-delete"
    />
  );
}
