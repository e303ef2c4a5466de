import { useState, type FormEvent } from 'react';
import { api, live } from '../live';
import { Alert, Button, Form, FormGroup, TextInput } from '../pf';
import { replace } from '../router';
import { text } from '../text';
import { Logo } from '../ui/icons';
import { Code } from '../ui/kit';
import { SIGN_IN_PATH, codeFrom, linkFailed, redeem } from '../sign-in';

export function SignInPage() {
  const [code, setCode] = useState('');
  /** The link that led here did not work, and nothing else was tried since. */
  const [failed, setFailed] = useState(() => linkFailed(window.location.search));
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const wanted = codeFrom(code);
    setFailed(false);
    if (!wanted) return setProblem(text.signIn.needed);
    setBusy(true);
    setProblem(null);
    const outcome = await redeem(api, wanted);
    setBusy(false);
    if (outcome.kind === 'no-answer') return setProblem(text.error.noAnswer);
    if (outcome.kind === 'wrong-code') return setProblem(text.signIn.refused);
    if (outcome.kind === 'refused') return setProblem(outcome.detail);
    if (window.location.pathname === SIGN_IN_PATH) replace('/');
    live.signIn();
  };

  return (
    <main className="b-sign-in">
      <div className="b-sign-in-card">
        <div className="b-sign-in-brand">
          <Logo size={56} />
          <p>{text.signIn.tagline}</p>
        </div>
        <h1>{text.signIn.title}</h1>
        {failed && (
          <Alert isInline component="p" variant="danger" title={text.signIn.failed} data-testid="sign-in-problem" aria-live="assertive">
            {text.signIn.fresh}
          </Alert>
        )}
        <p>{text.signIn.lead}</p>
        <div className="b-terminal">
          <Code what={text.signIn.command}>{text.signIn.command}</Code>
          <code className="b-terminal-answer">{text.signIn.printed(window.location.origin)}</code>
        </div>
        {!failed && <p className="b-small">{text.signIn.again}</p>}
        <Form onSubmit={(event) => void submit(event)}>
          <FormGroup label={text.signIn.codeLabel} fieldId="code">
            <TextInput
              id="code"
              name="code"
              value={code}
              autoComplete="one-time-code"
              spellCheck={false}
              onChange={(_event, value) => setCode(value)}
              validated={problem ? 'error' : 'default'}
              aria-describedby={problem ? 'code-problem' : undefined}
              data-testid="sign-in-code"
            />
          </FormGroup>
          {problem && (
            <Alert id="code-problem" isInline component="p" variant="danger" title={problem} data-testid="sign-in-problem" aria-live="assertive">
              {problem === text.signIn.refused && text.signIn.fresh}
            </Alert>
          )}
          <Button type="submit" variant="primary" isBlock isLoading={busy} isDisabled={busy} data-testid="sign-in-submit">
            {text.signIn.submit}
          </Button>
        </Form>
      </div>
    </main>
  );
}
