// The frame of a dialog that asks for something and does it: title, form, error, two buttons.
import { useId, type FormEvent, type ReactNode } from 'react';
import { Button, Form, FormHelperText, HelperText, HelperTextItem, Modal, ModalBody, ModalFooter, ModalHeader } from '../pf';
import { text } from '../text';
import type { useAction } from './hooks';
import { ErrorNote } from './kit';

/** What a dialog says when it closes: whether anything was changed. */
export interface Closing {
  onClose: (changed: boolean) => void;
}

interface FormDialogProps extends Closing {
  title: string;
  lead?: string;
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
        {lead && <p className="b-dialog-lead">{lead}</p>}
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
