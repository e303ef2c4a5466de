// The frame of a dialog that asks for something and does it: title, form, error, two buttons. And
// the dialog that only asks whether.
import { useId, useState, type FormEvent, type ReactNode } from 'react';
import { Button, Form, FormGroup, FormHelperText, HelperText, HelperTextItem, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from '../pf';
import { text } from '../text';
import { useAction } from './hooks';
import { ErrorNote } from './kit';
import { toast } from './toasts';

/** What a dialog says when it closes: whether anything was changed. */
export interface Closing {
  onClose: (changed: boolean) => void;
}

interface FormDialogProps extends Closing {
  title: string;
  /** What is to be known before it, a paragraph each. */
  lead?: string | string[];
  /** What the button says that does it. */
  submit: string;
  /** Something is lost by it. */
  danger?: boolean;
  isDisabled?: boolean;
  action: ReturnType<typeof useAction>;
  onSubmit: () => Promise<void>;
  testId?: string;
  submitTestId?: string;
  children?: ReactNode;
}

export function FormDialog({ title, lead, submit, danger, isDisabled, action, onSubmit, onClose, testId, submitTestId, children }: FormDialogProps) {
  const id = useId();
  const submitted = (event: FormEvent) => {
    event.preventDefault();
    if (!isDisabled && !action.busy) void onSubmit();
  };
  return (
    <Modal isOpen variant="small" onClose={() => onClose(false)} aria-labelledby={`${id}-title`} data-testid={testId}>
      <ModalHeader title={title} titleIconVariant={danger ? 'warning' : undefined} labelId={`${id}-title`} />
      <ModalBody>
        <ErrorNote error={action.error} />
        {lead && (
          <div className="b-dialog-lead">
            {[lead].flat().map((paragraph) => (
              <p key={paragraph}>{paragraph}</p>
            ))}
          </div>
        )}
        <Form id={`${id}-form`} onSubmit={submitted}>
          {children}
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form={`${id}-form`} variant={danger ? 'danger' : 'primary'} isLoading={action.busy} isDisabled={isDisabled || action.busy} data-testid={submitTestId}>
          {submit}
        </Button>
        <Button variant="link" onClick={() => onClose(false)}>
          {text.close}
        </Button>
      </ModalFooter>
    </Modal>
  );
}

interface ConfirmDialogProps extends Closing {
  title: string;
  /** What is lost by it, a paragraph each. */
  lead: string | string[];
  /** What the button says that does it. */
  submit: string;
  /** The volume whose data is lost for good: its name is typed first. */
  typed?: string;
  act: () => Promise<unknown>;
  /** What is said once it is done. */
  said?: string;
  testId?: string;
}

/** Asks before something is lost, and does it. `testId` names its parts: -name, -submit. */
export function ConfirmDialog({ title, lead, submit, typed, act, said, testId, onClose }: ConfirmDialogProps) {
  const [word, setWord] = useState('');
  const action = useAction();
  const confirmed = async () => {
    const done = await action.run(async () => {
      await act();
      return true;
    });
    if (!done) return;
    if (said) toast(said);
    onClose(true);
  };
  return (
    <FormDialog
      title={title}
      lead={lead}
      submit={submit}
      danger
      isDisabled={typed !== undefined && word !== typed}
      action={action}
      onSubmit={confirmed}
      onClose={onClose}
      testId={testId}
      submitTestId={testId && `${testId}-submit`}
    >
      {typed !== undefined && (
        <FormGroup label={text.typeName(typed)} fieldId="typed-name">
          <TextInput id="typed-name" value={word} autoFocus autoComplete="off" spellCheck={false} onChange={(_e, value) => setWord(value)} data-testid={testId && `${testId}-name`} />
        </FormGroup>
      )}
    </FormDialog>
  );
}

interface NameFieldProps {
  id: string;
  value: string;
  onChange: (name: string) => void;
  /** After an attempt to submit: an empty name is told as a mistake from then on. */
  checked: boolean;
  help?: string;
  label?: string;
}

/** The field for a new name, the first of its dialog. */
export function NameField({ id, value, onChange, checked, help, label = text.name }: NameFieldProps) {
  const problem = checked && !value.trim() && text.requiredName;
  return (
    <FormGroup label={label} fieldId={id} isRequired>
      <TextInput id={id} value={value} autoFocus autoComplete="off" spellCheck={false} onChange={(_e, next) => onChange(next)} validated={problem ? 'error' : 'default'} data-testid={id} />
      <Hint problem={problem} help={help} />
    </FormGroup>
  );
}

/** The line below a field: what is wrong with it, or else what it is for. */
export function Hint({ problem, help }: { problem?: string | false | null; help?: string }) {
  if (!problem && !help) return null;
  return (
    <FormHelperText>
      <HelperText>
        <HelperTextItem variant={problem ? 'error' : 'default'}>{problem || help}</HelperTextItem>
      </HelperText>
    </FormHelperText>
  );
}
