import { useEffect, useState, type FormEvent } from 'react';
import { api, live } from '../live';
import { Alert, Button, Form, FormGroup, Spinner, TextInput } from '../pf';
import { replace } from '../router';
import { text } from '../text';
import { Logo } from '../ui/icons';
import { Code } from '../ui/kit';
import { SIGN_IN_PATH, codeFrom, codeOfLink, linkFailed, redeem, redeemPatiently, type Outcome } from '../sign-in';

/** On to where the person wanted to go, which from a link is the overview. */
function signedIn() {
  if (window.location.pathname === SIGN_IN_PATH) replace('/');
  live.signIn();
}

export function SignInPage() {
  /** Of a link that was followed while no controller was active: kept until one is. */
  const [linked, setLinked] = useState(() => codeOfLink(window.location.search));
  /** The link that led here did not work, and nothing else was tried since. */
  const [failed, setFailed] = useState(() => linkFailed(window.location.search));
  const [problem, setProblem] = useState<string | null>(null);

  const linkAnswered = (outcome: Outcome) => {
    replace(SIGN_IN_PATH); // a code has no business in the history
    if (outcome.kind === 'signed-in') return signedIn();
    setLinked(null);
    if (outcome.kind === 'refused') setProblem(outcome.detail);
    else setFailed(true);
  };
  const submit = async (code: string) => {
    const wanted = codeFrom(code);
    setFailed(false);
    if (!wanted) return setProblem(text.signIn.needed);
    setProblem(null);
    const outcome = await redeem(api, wanted);
    if (outcome.kind === 'no-answer') return setProblem(text.error.noAnswer);
    if (outcome.kind === 'wrong-code') return setProblem(text.signIn.refused);
    if (outcome.kind === 'refused') return setProblem(outcome.detail);
    signedIn();
  };
  return (
    <main className="b-sign-in">
      <div className="b-sign-in-card">
        <div className="b-sign-in-brand">
          <Logo size={56} />
          <p>{text.signIn.tagline}</p>
        </div>
        <h1>{text.signIn.title}</h1>
        {linked === null ? <CodeForm failed={failed} problem={problem} onSubmit={submit} /> : <Waiting code={linked} onAnswer={linkAnswered} />}
      </div>
    </main>
  );
}

/** The link's code, offered until a controller takes or refuses it. */
function Waiting({ code, onAnswer }: { code: string; onAnswer: (outcome: Outcome) => void }) {
  useEffect(() => {
    const stop = new AbortController();
    redeemPatiently(api, code, stop.signal).then(
      (outcome) => !stop.signal.aborted && onAnswer(outcome),
      () => {}, // stopped: this page is gone
    );
    return () => stop.abort();
    // Once for each code: what onAnswer does is the same at any time.
  }, [code]);
  return (
    <p className="b-note" role="status" data-testid="sign-in-waiting">
      <Spinner size="lg" aria-hidden="true" /> {text.signIn.waiting}
    </p>
  );
}

interface CodeFormProps {
  failed: boolean;
  problem: string | null;
  onSubmit: (code: string) => Promise<void>;
}

function CodeForm({ failed, problem, onSubmit }: CodeFormProps) {
  const [code, setCode] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    await onSubmit(code);
    setBusy(false);
  };
  return (
    <>
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
    </>
  );
}
