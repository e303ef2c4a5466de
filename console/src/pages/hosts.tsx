import { useState, type FormEvent } from 'react';
import { api } from '../live';
import type { Host } from '../api/types';
import { Button, Checkbox, Form, FormGroup, FormHelperText, HelperText, HelperTextItem, Modal, ModalBody, ModalFooter, ModalHeader, Radio, TextInput } from '../pf';
import { text } from '../text';
import { useAction, useResource } from '../ui/hooks';
import { PlusIcon } from '../ui/icons';
import { Card, Code, Empty, ErrorNote, Loading, PageHead, Table } from '../ui/kit';

export function HostsPage() {
  const { data, error, reload } = useResource((o) => api.hosts(o), 5_000);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Host | null>(null);
  const add = (
    <Button variant="primary" icon={<PlusIcon />} onClick={() => setAdding(true)} data-testid="add-host">
      {text.hosts.add}
    </Button>
  );
  return (
    <>
      <PageHead title={text.hosts.title} lead={text.hosts.lead} actions={data && data.length > 0 && add} />
      <ErrorNote error={error} />
      {!data && !error && <Loading />}
      {data?.length === 0 && (
        <Card>
          <Empty title={text.hosts.empty} action={add}>
            {text.hosts.emptyDetail}
          </Empty>
        </Card>
      )}
      {data && data.length > 0 && (
        <Card className="b-card-flush">
          <Table label={text.hosts.title} testId="hosts-table" columns={[text.hosts.name, text.hosts.iqn, text.hosts.chap, text.hosts.volumes, text.volumes.actions]}>
            {data.map((host) => (
              <tr key={host.name} data-testid={`host-${host.name}`}>
                <th scope="row" data-label={text.hosts.name}>
                  {host.name}
                </th>
                <td data-label={text.hosts.iqn}>{host.iqn === '*' ? text.hosts.any : <Code what={text.hosts.iqn}>{host.iqn}</Code>}</td>
                <td data-label={text.hosts.chap}>{host.chapUser ?? <span className="b-quiet">{text.hosts.noChap}</span>}</td>
                <td data-label={text.hosts.volumes}>{host.volumes.includes('*') ? text.hosts.allVolumes : host.volumes.join(', ')}</td>
                <td className="b-row-actions" data-label="">
                  <Button variant="link" size="sm" isDanger aria-label={`${text.hosts.remove} ${host.name}`} onClick={() => setRemoving(host)}>
                    {text.hosts.remove}
                  </Button>
                </td>
              </tr>
            ))}
          </Table>
        </Card>
      )}
      {adding && (
        <AddDialog
          onClose={(changed) => {
            setAdding(false);
            if (changed) reload();
          }}
        />
      )}
      {removing && (
        <RemoveDialog
          host={removing}
          onClose={(changed) => {
            setRemoving(null);
            if (changed) reload();
          }}
        />
      )}
    </>
  );
}

function AddDialog({ onClose }: { onClose: (changed: boolean) => void }) {
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
  const submit = async (event: FormEvent) => {
    event.preventDefault();
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
    <Modal isOpen variant="small" onClose={() => onClose(false)} aria-labelledby="add-host-title" data-testid="host-dialog">
      <ModalHeader title={text.hosts.add} labelId="add-host-title" />
      <ModalBody>
        <ErrorNote error={action.error} />
        <Form id="add-host-form" onSubmit={(event) => void submit(event)}>
          <FormGroup label={text.hosts.name} fieldId="host-name" isRequired>
            <TextInput id="host-name" value={name} autoFocus autoComplete="off" spellCheck={false} onChange={(_e, value) => setName(value)} data-testid="host-name" />
            <Hint problem={checked && problems.name} />
          </FormGroup>
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
            <Radio id="all-volumes" name="host-volumes" label={text.hosts.allVolumes} isChecked={all} onChange={() => setAll(true)} />
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
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="add-host-form" variant="primary" isLoading={action.busy} isDisabled={action.busy} data-testid="host-submit">
          {text.hosts.add}
        </Button>
        <Button variant="link" onClick={() => onClose(false)}>
          {text.close}
        </Button>
      </ModalFooter>
    </Modal>
  );
}

function RemoveDialog({ host, onClose }: { host: Host; onClose: (changed: boolean) => void }) {
  const action = useAction();
  const remove = async () => {
    const done = await action.run(async () => {
      await api.removeHost(host.name);
      return true;
    });
    if (done) onClose(true);
  };
  return (
    <Modal isOpen variant="small" onClose={() => onClose(false)} aria-labelledby="remove-host-title">
      <ModalHeader title={text.hosts.removeTitle(host.name)} titleIconVariant="warning" labelId="remove-host-title" />
      <ModalBody>
        <ErrorNote error={action.error} />
        <p className="b-dialog-lead">{text.hosts.removeLead}</p>
      </ModalBody>
      <ModalFooter>
        <Button variant="danger" isLoading={action.busy} isDisabled={action.busy} onClick={() => void remove()} data-testid="host-remove-submit">
          {text.hosts.remove}
        </Button>
        <Button variant="link" onClick={() => onClose(false)}>
          {text.close}
        </Button>
      </ModalFooter>
    </Modal>
  );
}

function Hint({ problem, help }: { problem: string | false; help?: string }) {
  if (!problem && !help) return null;
  return (
    <FormHelperText>
      <HelperText>
        <HelperTextItem variant={problem ? 'error' : 'default'}>{problem || help}</HelperTextItem>
      </HelperText>
    </FormHelperText>
  );
}
