import { useState, type FormEvent } from 'react';
import { api, useLive } from '../live';
import type { Volume } from '../api/types';
import { bytes, parseSize } from '../format';
import { Alert, Button, Form, FormGroup, FormHelperText, HelperText, HelperTextItem, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from '../pf';
import { text } from '../text';
import { useAction, useResource } from '../ui/hooks';
import { PlusIcon } from '../ui/icons';
import { Bar, Card, Code, Empty, ErrorNote, Loading, PageHead, Table } from '../ui/kit';
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
  const create = (
    <Button variant="primary" icon={<PlusIcon />} isDisabled={frozen} onClick={() => setDialog({ kind: 'create' })} data-testid="create-volume">
      {text.volumes.create}
    </Button>
  );
  return (
    <>
      <PageHead title={text.volumes.title} lead={text.volumes.lead} actions={data && data.length > 0 && create} />
      {frozen && <Alert isInline component="p" variant="info" title={text.volumes.duringUpgrade} />}
      <ErrorNote error={error} />
      {!data && !error && <Loading />}
      {data?.length === 0 && (
        <Card>
          <Empty title={text.volumes.empty} action={create}>
            {text.volumes.emptyDetail}
          </Empty>
        </Card>
      )}
      {data && data.length > 0 && (
        <Card className="b-card-flush">
          <Table
            label={text.volumes.title}
            testId="volumes-table"
            columns={[text.volumes.name, text.volumes.lun, text.volumes.size, text.volumes.allocated, text.volumes.portals, text.volumes.actions]}
          >
            {data.map((volume) => (
              <tr key={volume.name} data-testid={`volume-${volume.name}`}>
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
                  <Button variant="secondary" size="sm" isDisabled={frozen} aria-label={`${text.volumes.grow} ${volume.name}`} onClick={() => setDialog({ kind: 'grow', volume })}>
                    {text.volumes.grow}
                  </Button>
                  <Button variant="link" size="sm" isDanger isDisabled={frozen} aria-label={`${text.volumes.delete} ${volume.name}`} onClick={() => setDialog({ kind: 'delete', volume })}>
                    {text.volumes.delete}
                  </Button>
                </td>
              </tr>
            ))}
          </Table>
          <p className="b-table-foot">
            {text.volumes.target} <Code what={text.volumes.target}>{data[0]!.target}</Code>
          </p>
        </Card>
      )}
      {dialog?.kind === 'create' && <CreateDialog onClose={close} />}
      {dialog?.kind === 'grow' && <GrowDialog volume={dialog.volume} onClose={close} />}
      {dialog?.kind === 'delete' && <DeleteDialog volume={dialog.volume} onClose={close} />}
    </>
  );
}

interface Closing {
  onClose: (changed: boolean) => void;
}

function CreateDialog({ onClose }: Closing) {
  const [name, setName] = useState('');
  const [size, setSize] = useState('10G');
  const [checked, setChecked] = useState(false);
  const action = useAction();
  const sizeBytes = parseSize(size);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (!name.trim() || !sizeBytes) return;
    if (await action.run(() => api.createVolume(name.trim(), sizeBytes))) {
      toast(`${name.trim()}: ${bytes(sizeBytes)}`);
      onClose(true);
    }
  };
  return (
    <Modal isOpen variant="small" onClose={() => onClose(false)} aria-labelledby="create-volume-title" data-testid="volume-dialog">
      <ModalHeader title={text.volumes.create} labelId="create-volume-title" />
      <ModalBody>
        <ErrorNote error={action.error} />
        <Form id="create-volume" onSubmit={(event) => void submit(event)}>
          <FormGroup label={text.volumes.name} fieldId="volume-name" isRequired>
            <TextInput id="volume-name" value={name} autoFocus autoComplete="off" spellCheck={false} onChange={(_e, value) => setName(value)} validated={checked && !name.trim() ? 'error' : 'default'} data-testid="volume-name" />
            <Hint error={checked && !name.trim()}>{checked && !name.trim() ? text.requiredName : text.volumes.nameHelp}</Hint>
          </FormGroup>
          <FormGroup label={text.volumes.size} fieldId="volume-size" isRequired>
            <TextInput id="volume-size" value={size} autoComplete="off" onChange={(_e, value) => setSize(value)} validated={checked && !sizeBytes ? 'error' : 'default'} data-testid="volume-size" />
            <Hint error={checked && !sizeBytes}>{checked && !sizeBytes ? text.volumes.badSize : text.volumes.sizeHelp}</Hint>
          </FormGroup>
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="create-volume" variant="primary" isLoading={action.busy} isDisabled={action.busy} data-testid="volume-submit">
          {text.volumes.create}
        </Button>
        <Button variant="link" onClick={() => onClose(false)}>
          {text.close}
        </Button>
      </ModalFooter>
    </Modal>
  );
}

function GrowDialog({ volume, onClose }: Closing & { volume: Volume }) {
  const [size, setSize] = useState('');
  const [checked, setChecked] = useState(false);
  const action = useAction();
  const sizeBytes = parseSize(size);
  const problem = !sizeBytes ? text.volumes.badSize : sizeBytes <= volume.sizeBytes ? text.volumes.notLarger : null;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (problem || !sizeBytes) return;
    if (await action.run(() => api.resizeVolume(volume.name, sizeBytes))) {
      toast(`${volume.name}: ${bytes(sizeBytes)}`);
      onClose(true);
    }
  };
  return (
    <Modal isOpen variant="small" onClose={() => onClose(false)} aria-labelledby="grow-title">
      <ModalHeader title={text.volumes.growTitle(volume.name)} labelId="grow-title" />
      <ModalBody>
        <ErrorNote error={action.error} />
        <p className="b-dialog-lead">{text.volumes.growLead(bytes(volume.sizeBytes))}</p>
        <Form id="grow" onSubmit={(event) => void submit(event)}>
          <FormGroup label={text.volumes.newSize} fieldId="new-size" isRequired>
            <TextInput id="new-size" value={size} autoFocus autoComplete="off" onChange={(_e, value) => setSize(value)} validated={checked && problem ? 'error' : 'default'} data-testid="volume-new-size" />
            <Hint error={checked && problem !== null}>{checked && problem ? problem : text.volumes.sizeHelp}</Hint>
          </FormGroup>
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="grow" variant="primary" isLoading={action.busy} isDisabled={action.busy} data-testid="volume-grow-submit">
          {text.volumes.grow}
        </Button>
        <Button variant="link" onClick={() => onClose(false)}>
          {text.close}
        </Button>
      </ModalFooter>
    </Modal>
  );
}

function DeleteDialog({ volume, onClose }: Closing & { volume: Volume }) {
  const [typed, setTyped] = useState('');
  const action = useAction();
  const right = typed === volume.name;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!right) return;
    const done = await action.run(async () => {
      await api.deleteVolume(volume.name);
      return true;
    });
    if (done) onClose(true);
  };
  return (
    <Modal isOpen variant="small" onClose={() => onClose(false)} aria-labelledby="delete-title">
      <ModalHeader title={text.volumes.deleteTitle(volume.name)} titleIconVariant="warning" labelId="delete-title" />
      <ModalBody>
        <ErrorNote error={action.error} />
        <p className="b-dialog-lead">{text.volumes.deleteLead}</p>
        <Form id="delete" onSubmit={(event) => void submit(event)}>
          <FormGroup label={text.volumes.typeName(volume.name)} fieldId="typed-name">
            <TextInput id="typed-name" value={typed} autoFocus autoComplete="off" spellCheck={false} onChange={(_e, value) => setTyped(value)} data-testid="volume-delete-name" />
          </FormGroup>
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="delete" variant="danger" isDisabled={!right || action.busy} isLoading={action.busy} data-testid="volume-delete-submit">
          {text.volumes.delete}
        </Button>
        <Button variant="link" onClick={() => onClose(false)}>
          {text.close}
        </Button>
      </ModalFooter>
    </Modal>
  );
}

function Hint({ error, children }: { error: boolean; children: string }) {
  return (
    <FormHelperText>
      <HelperText>
        <HelperTextItem variant={error ? 'error' : 'default'}>{children}</HelperTextItem>
      </HelperText>
    </FormHelperText>
  );
}
