import { useState } from 'react';
import { api } from '../live';
import type { Host } from '../api/types';
import { Button, Checkbox, FormGroup, Radio, TextInput } from '../pf';
import { text } from '../text';
import { ConfirmDialog, FormDialog, Hint, NameField, type Closing } from '../ui/form-dialog';
import { useAction, useResource } from '../ui/hooks';
import { PlusIcon } from '../ui/icons';
import { Code } from '../ui/kit';
import { ListPage } from '../ui/list-page';

export function HostsPage() {
  const { data, error, reload } = useResource((o) => api.hosts(o), 5_000);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Host | null>(null);
  const close = (changed: boolean) => {
    setAdding(false);
    setRemoving(null);
    if (changed) reload();
  };
  return (
    <>
      <ListPage
        title={text.hosts.title}
        lead={text.hosts.lead}
        action={
          <Button variant="primary" icon={<PlusIcon />} onClick={() => setAdding(true)} data-testid="add-host">
            {text.hosts.add}
          </Button>
        }
        data={data}
        error={error}
        empty={text.hosts.empty}
        emptyDetail={text.hosts.emptyDetail}
        columns={[text.name, text.hosts.iqn, text.hosts.chap, text.hosts.volumes, text.actions]}
        testId="hosts-table"
        row={(host) => <HostRow key={host.name} host={host} onRemove={() => setRemoving(host)} />}
      />
      {adding && <AddDialog onClose={close} />}
      {removing && (
        <ConfirmDialog
          title={text.hosts.removeTitle(removing.name)}
          lead={text.hosts.removeLead}
          submit={text.hosts.remove}
          act={() => api.removeHost(removing.name)}
          onClose={close}
          testId="host-remove"
        />
      )}
    </>
  );
}

function HostRow({ host, onRemove }: { host: Host; onRemove: () => void }) {
  return (
    <tr data-testid={`host-${host.name}`}>
      <th scope="row" data-label={text.name}>
        {host.name}
      </th>
      <td data-label={text.hosts.iqn}>{host.iqn === '*' ? text.hosts.any : <Code what={text.hosts.iqn}>{host.iqn}</Code>}</td>
      <td data-label={text.hosts.chap}>{host.chapUser ?? <span className="b-quiet">{text.hosts.noChap}</span>}</td>
      <td data-label={text.hosts.volumes}>
        <Grant volumes={host.volumes} />
      </td>
      <td className="b-row-actions" data-label="">
        <Button variant="secondary" size="sm" isDanger aria-label={`${text.hosts.remove} ${host.name}`} onClick={onRemove}>
          {text.hosts.remove}
        </Button>
      </td>
    </tr>
  );
}

function Grant({ volumes }: { volumes: string[] }) {
  if (volumes.includes('*')) return <>{text.hosts.allVolumes}</>;
  if (volumes.length === 0) return <span className="b-quiet">{text.hosts.noVolumes}</span>;
  return <>{volumes.join(', ')}</>;
}

function AddDialog({ onClose }: Closing) {
  const volumes = useResource((o) => api.volumes(o)).data ?? [];
  const [name, setName] = useState('');
  const [iqn, setIqn] = useState('');
  const [user, setUser] = useState('');
  const [secret, setSecret] = useState('');
  const [all, setAll] = useState(true);
  const [picked, setPicked] = useState<string[]>([]);
  const [checked, setChecked] = useState(false);
  const action = useAction();
  const problems = {
    name: !name.trim() && text.requiredName,
    iqn: !iqn.trim() && text.hosts.needIqn,
    secret: (user.trim() !== '' || secret !== '') && (secret.length < 12 || secret.length > 255) && text.hosts.badSecret,
    volumes: !all && picked.length === 0 && text.hosts.pickVolume,
  };
  const submit = async () => {
    setChecked(true);
    if (Object.values(problems).some(Boolean)) return;
    const made = await action.run(() =>
      api.createHost({
        name: name.trim(),
        iqn: iqn.trim(),
        chapUser: user.trim() || null,
        chapSecret: secret || null,
        volumes: all ? null : picked,
      }),
    );
    if (made) onClose(true);
  };
  return (
    <FormDialog title={text.hosts.add} submit={text.hosts.add} action={action} onSubmit={submit} onClose={onClose} testId="host-dialog" submitTestId="host-submit">
      <NameField id="host-name" value={name} onChange={setName} checked={checked} />
      <FormGroup label={text.hosts.iqn} fieldId="host-iqn" isRequired>
        <TextInput id="host-iqn" value={iqn} placeholder="iqn.1993-08.org.debian:01:…" autoComplete="off" spellCheck={false} onChange={(_e, value) => setIqn(value)} data-testid="host-iqn" />
        <Hint problem={checked && problems.iqn} help={text.hosts.iqnHelp} />
      </FormGroup>
      <FormGroup label={text.hosts.chapUser} fieldId="chap-user">
        <TextInput id="chap-user" value={user} autoComplete="off" onChange={(_e, value) => setUser(value)} />
      </FormGroup>
      {user.trim() !== '' && (
        <FormGroup label={text.hosts.chapSecret} fieldId="chap-secret" isRequired>
          <TextInput id="chap-secret" type="password" value={secret} autoComplete="new-password" onChange={(_e, value) => setSecret(value)} />
          <Hint problem={checked && problems.secret} help={text.hosts.chapHelp} />
        </FormGroup>
      )}
      <FormGroup role="radiogroup" label={text.hosts.volumes} fieldId="host-volumes">
        <Radio id="all-volumes" name="host-volumes" label={text.hosts.allVolumesLater} isChecked={all} onChange={() => setAll(true)} />
        <Radio id="some-volumes" name="host-volumes" label={text.hosts.someVolumes} isChecked={!all} isDisabled={volumes.length === 0} onChange={() => setAll(false)} />
        {!all && (
          <div className="b-indent">
            {volumes.map((volume) => (
              <Checkbox
                key={volume.name}
                id={`pick-${volume.name}`}
                label={volume.name}
                isChecked={picked.includes(volume.name)}
                onChange={(_e, on) => setPicked(on ? [...picked, volume.name] : picked.filter((one) => one !== volume.name))}
              />
            ))}
          </div>
        )}
        <Hint problem={checked && problems.volumes} />
      </FormGroup>
    </FormDialog>
  );
}
