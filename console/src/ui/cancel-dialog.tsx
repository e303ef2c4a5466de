// The cancel of an upgrade, before anything happens: warning, preview, guards, reason, remedy.
//
// What is confirmed is the upgrade and revision of the preview on the screen, never a newer one.
// If the upgrade moved on the server refuses with the new preview, which is shown, and asked again.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Refused } from '../api/client';
import { api, live, useLive } from '../live';
import type { CancelPreview, CancelReason, UpgradeChange } from '../api/types';
import { duration } from '../format';
import { Alert, Button, Form, FormGroup, Modal, ModalBody, ModalFooter, ModalHeader, Radio, TextInput } from '../pf';
import { DISRUPTION_WORD, text } from '../text';
import { useAction } from './hooks';
import { CheckIcon, CrossIcon } from './icons';
import { ErrorNote, Facts, Loading } from './kit';
import { toast } from './toasts';
import { isPausable, slowDown } from './upgrade-words';

const REASONS: CancelReason[] = ['NOT_INTERESTED', 'TAKING_TOO_LONG', 'SLOWING_HOST_IO', 'OTHER'];

export function CancelDialog({ onClose }: { onClose: () => void }) {
  const { upgrade } = useLive();
  const [preview, setPreview] = useState<CancelPreview | null>(null);
  const [moved, setMoved] = useState(false);
  /** The server's answer to a cancel that changed nothing. */
  const [noEffect, setNoEffect] = useState<string | null>(null);
  const [reason, setReason] = useState<CancelReason | null>(null);
  const [comment, setComment] = useState('');
  const [insists, setInsists] = useState(false);
  const [typed, setTyped] = useState('');
  const action = useAction();
  const asked = useRef(false);

  const send = (of: CancelPreview, options: { whenPossible?: boolean; acceptDisruption?: boolean } = {}) =>
    action.run(async () => {
      try {
        const answer = await api.cancel({
          upgradeId: of.upgradeId ?? '',
          revision: of.revision,
          reason,
          comment: comment.trim() || null,
          acceptDisruption: options.acceptDisruption ?? false,
          whenPossible: options.whenPossible ?? false,
        });
        if (answer.outcome === 'NO_EFFECT') return setNoEffect(answer.detail);
        toast(answer.outcome === 'QUEUED' ? text.cancel.queuedToast : text.cancel.started, 'info');
        onClose();
      } catch (thrown) {
        if (!(thrown instanceof Refused) || !thrown.problem.cancel) throw thrown;
        // Refused with the situation as it is now: shown, and nothing is assumed.
        setPreview(thrown.problem.cancel);
        setMoved(true);
        setTyped('');
        setInsists(false);
        setNoEffect(null);
      }
    });

  useEffect(() => {
    if (asked.current) return;
    asked.current = true;
    void action.run(async () => {
      const found = await api.cancelPreview();
      setPreview(found);
      // Without effect there is nothing to warn of: the press is sent, recorded and explained.
      if (found.availability === 'NO_EFFECT') await send(found);
    });
  });

  const dialog = (title: string, body: ReactNode, footer: ReactNode) => (
    <Modal isOpen variant="medium" onClose={onClose} aria-labelledby="cancel-title" data-testid="cancel-dialog" className="b-cancel-dialog">
      <ModalHeader title={title} labelId="cancel-title" />
      <ModalBody>
        {moved && <Alert isInline component="p" variant="info" title={text.cancel.changed} data-testid="cancel-moved" aria-live="assertive" />}
        <ErrorNote error={action.error} />
        {body}
      </ModalBody>
      <ModalFooter>{footer}</ModalFooter>
    </Modal>
  );
  const close = (
    <Button variant="link" onClick={onClose} data-testid="cancel-keep">
      {preview?.availability === 'AVAILABLE' || preview?.availability === 'BLOCKED' ? text.cancel.keep : text.close}
    </Button>
  );

  if (!preview || (preview.availability === 'NO_EFFECT' && noEffect === null && action.busy)) {
    return dialog(text.cancel.title, action.error ? null : <Loading />, close);
  }
  if (preview.availability === 'NO_EFFECT') {
    return dialog(
      text.cancel.noEffectTitle,
      <p data-testid="cancel-no-effect">{noEffect ?? preview.reason}</p>,
      <>
        <Button variant="primary" isDisabled={action.busy} onClick={() => void send(preview, { whenPossible: true })} data-testid="cancel-when-possible-dialog">
          {text.cancel.queue}
        </Button>
        {close}
      </>,
    );
  }
  if (preview.availability === 'UNAVAILABLE') {
    return dialog(text.cancel.unavailableTitle, <p data-testid="cancel-unavailable">{preview.reason}</p>, close);
  }
  const blocked = preview.availability === 'BLOCKED';
  // Without a migration there is nothing to slow down, to speed up or to pause.
  const remedy = !insists && upgrade?.migration != null && (reason === 'TAKING_TOO_LONG' || reason === 'SLOWING_HOST_IO');
  const confirmable = !action.busy && !remedy && (!blocked || typed.trim() === DISRUPTION_WORD);
  return dialog(
    text.cancel.title,
    <div className="b-cancel-body">
      {preview.warning && (
        <p className="b-cancel-warning" data-testid="cancel-warning">
          {preview.warning}
        </p>
      )}
      {blocked && (
        <Alert isInline component="p" variant="warning" title={text.cancel.blocked} data-testid="cancel-blocked">
          {preview.reason} {text.cancel.blockedChoice}
        </Alert>
      )}
      <div className="b-cancel-columns">
        <section>
          <h2>{text.cancel.willHappen}</h2>
          <ol className="b-plan" data-testid="cancel-steps">
            {preview.steps.map((step, index) => (
              <li key={index}>{step}</li>
            ))}
          </ol>
        </section>
        <section>
          <Facts
            testId="cancel-expectation"
            entries={[
              [text.cancel.hostPause, preview.expectedHostPauseMillis === null ? null : text.cancel.seconds(duration(preview.expectedHostPauseMillis))],
              [text.cancel.time, preview.expectedSeconds === null ? null : text.cancel.seconds(duration(preview.expectedSeconds * 1_000))],
            ]}
          />
          <h2>{text.cancel.guards}</h2>
          <ul className="b-checklist" data-testid="cancel-guards">
            {preview.guards.map((guard) => (
              <li key={guard.name} className={`b-tone-${guard.holds ? 'ok' : 'bad'}`} data-holds={guard.holds}>
                {guard.holds ? <CheckIcon /> : <CrossIcon />}
                <p>
                  <span className="b-visually-hidden">{guard.holds ? text.cancel.holds : text.cancel.fails}: </span>
                  {guard.detail}
                </p>
              </li>
            ))}
          </ul>
        </section>
      </div>
      <Form onSubmit={(event) => event.preventDefault()}>
        <FormGroup role="radiogroup" label={text.cancel.why} fieldId="cancel-reason">
          <div className="b-reasons">
            {REASONS.map((one) => (
              <Radio
                key={one}
                id={`cancel-reason-${one}`}
                name="cancel-reason"
                data-testid={`cancel-reason-${one}`}
                label={text.cancel.reason[one]}
                isChecked={reason === one}
                onChange={() => {
                  setReason(one);
                  setInsists(false);
                }}
              />
            ))}
          </div>
        </FormGroup>
        {remedy && <Remedy tooLong={reason === 'TAKING_TOO_LONG'} onInsist={() => setInsists(true)} onDone={onClose} />}
        {reason === 'OTHER' && (
          <FormGroup label={text.cancel.comment} fieldId="cancel-comment">
            <TextInput id="cancel-comment" value={comment} maxLength={500} autoComplete="off" onChange={(_e, value) => setComment(value)} data-testid="cancel-comment" />
          </FormGroup>
        )}
        {blocked && !remedy && (
          <div className="b-disruption">
            <h2>{text.cancel.disruption}</h2>
            <p>{text.cancel.disruptionDetail}</p>
            <FormGroup label={text.cancel.typeWord} fieldId="accept-disruption">
              <TextInput id="accept-disruption" value={typed} autoComplete="off" spellCheck={false} onChange={(_e, value) => setTyped(value)} data-testid="cancel-accept-disruption" />
            </FormGroup>
          </div>
        )}
      </Form>
    </div>,
    <>
      {blocked && (
        <Button variant="primary" isDisabled={action.busy || remedy} onClick={() => void send(preview, { whenPossible: true })} data-testid="cancel-when-possible-dialog">
          {text.cancel.queue}
        </Button>
      )}
      <Button variant="danger" isLoading={action.busy} isDisabled={!confirmable} onClick={() => void send(preview, { acceptDisruption: blocked })} data-testid="cancel-confirm">
        {action.busy ? text.cancel.confirming : blocked ? text.cancel.confirmDisrupt : text.cancel.confirm}
      </Button>
      {close}
      {remedy && <p className="b-small b-quiet b-footer-hint">{text.cancel.insistFirst}</p>}
    </>,
  );
}

/** The gentler way, offered before a cancel for slowness. */
function Remedy({ tooLong, onInsist, onDone }: { tooLong: boolean; onInsist: () => void; onDone: () => void }) {
  const { upgrade } = useLive();
  const action = useAction();
  // On a small screen it opens below what is seen.
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // In a block of its own: newer browsers return a promise, which is no clean-up.
    box.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const migrating = upgrade?.migration !== null && upgrade?.migration !== undefined;
  const apply = async (change: UpgradeChange, said: string) => {
    const changed = await action.run(() => api.changeUpgrade(change));
    if (!changed) return;
    live.accept(changed);
    toast(said);
    onDone();
  };
  return (
    <div ref={box} className="b-remedy" data-testid="cancel-remedy">
      <h2>{text.cancel.remedyTitle}</h2>
      <p>{tooLong ? text.cancel.remedyTooLong : text.cancel.remedySlow}</p>
      <ErrorNote error={action.error} />
      <div className="b-actions">
        {migrating && tooLong && (
          <Button variant="secondary" size="sm" isDisabled={action.busy} onClick={() => void apply({ priority: 'FINISH_SOONER' }, text.cancel.remedyDone.finish)} data-testid="remedy-finish-sooner">
            {text.cancel.finishSooner}
          </Button>
        )}
        {upgrade && migrating && !tooLong && (
          <Button variant="secondary" size="sm" isDisabled={action.busy} onClick={() => void apply(slowDown(upgrade), text.cancel.remedyDone.slow)} data-testid="remedy-slow-down">
            {text.cancel.slowDown}
          </Button>
        )}
        {!tooLong && upgrade && isPausable(upgrade) && (
          <Button variant="secondary" size="sm" isDisabled={action.busy} onClick={() => void apply({ paused: true }, text.cancel.remedyDone.pause)} data-testid="remedy-pause">
            {text.cancel.pause}
          </Button>
        )}
        <Button variant="link" size="sm" isDanger onClick={onInsist} data-testid="remedy-insist">
          {text.cancel.insist}
        </Button>
      </div>
    </div>
  );
}
