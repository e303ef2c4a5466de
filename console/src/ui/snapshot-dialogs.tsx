// Take a snapshot, and what can be done with one. What is lost is said first.
import { useState } from 'react';
import { api } from '../live';
import type { Snapshot, Volume } from '../api/types';
import { bytes, dateTime } from '../format';
import { text } from '../text';
import { ConfirmDialog, FormDialog, NameField, type Closing } from './form-dialog';
import { useAction, useResource } from './hooks';
import { cloneName, snapshotName } from './names';
import { toast } from './toasts';

type OfSnapshot = Closing & { snapshot: Snapshot };

export function TakeSnapshotDialog({ volume, taken, onClose }: Closing & { volume: Volume; taken: Snapshot[] }) {
  const [name, setName] = useState(() => snapshotName(new Date(), taken.map((one) => one.name)));
  const [checked, setChecked] = useState(false);
  const action = useAction();
  const submit = async () => {
    setChecked(true);
    if (!name.trim()) return;
    const made = await action.run(() => api.takeSnapshot(volume.name, name.trim()));
    if (!made) return;
    toast(text.snapshots.taken(made.name));
    onClose(true);
  };
  return (
    <FormDialog
      title={text.snapshots.takeTitle(volume.name)}
      lead={text.snapshots.takeLead}
      submit={text.snapshots.take}
      action={action}
      onSubmit={submit}
      onClose={onClose}
      testId="snapshot-dialog"
      submitTestId="snapshot-submit"
    >
      <NameField id="snapshot-name" value={name} onChange={setName} checked={checked} help={text.volumes.nameHelp} />
    </FormDialog>
  );
}

export function CloneSnapshotDialog({ snapshot, onClose }: OfSnapshot) {
  const volumes = useResource((o) => api.volumes(o)).data;
  /** null until a person has said one: then the proposal waits for what is taken. */
  const [said, setSaid] = useState<string | null>(null);
  const [checked, setChecked] = useState(false);
  const action = useAction();
  const name = said ?? (volumes ? cloneName(snapshot.volume, volumes.map((one) => one.name)) : '');
  const submit = async () => {
    setChecked(true);
    if (!name.trim()) return;
    const made = await action.run(() => api.cloneSnapshot(snapshot, name.trim()));
    if (!made) return;
    toast(text.snapshots.cloned(made.name, made.lun));
    onClose(true);
  };
  return (
    <FormDialog
      title={text.snapshots.cloneTitle(snapshot.name)}
      lead={text.snapshots.cloneLead(snapshot.volume, bytes(snapshot.sizeBytes))}
      submit={text.snapshots.clone}
      action={action}
      onSubmit={submit}
      onClose={onClose}
      submitTestId="clone-submit"
    >
      <NameField id="clone-name" label={text.snapshots.newVolume} value={name} onChange={setSaid} checked={checked} help={text.volumes.nameHelp} />
    </FormDialog>
  );
}

/** Typed like the deletion of a volume: either way what it holds now is gone for good. */
export function RollBackDialog({ snapshot, onClose }: OfSnapshot) {
  const { volume, name } = snapshot;
  return (
    <ConfirmDialog
      title={text.snapshots.rollBackTitle(volume)}
      lead={text.snapshots.rollBackLead(volume, name, dateTime(snapshot.createdAt))}
      submit={text.snapshots.rollBack}
      typed={volume}
      act={() => api.rollBack(snapshot)}
      said={text.snapshots.rolledBack(volume, name)}
      onClose={onClose}
      testId="rollback"
    />
  );
}

export function DeleteSnapshotDialog({ snapshot, onClose }: OfSnapshot) {
  return (
    <ConfirmDialog
      title={text.snapshots.deleteTitle(snapshot.name)}
      lead={text.snapshots.deleteLead(snapshot.volume, dateTime(snapshot.createdAt), bytes(snapshot.allocatedBytes))}
      submit={text.snapshots.delete}
      act={() => api.deleteSnapshot(snapshot)}
      said={text.snapshots.deleted(snapshot.name)}
      onClose={onClose}
      testId="snapshot-delete"
    />
  );
}
