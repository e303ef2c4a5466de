// The console's own small pieces: cards, status words, tables, facts.
import { useState, type ReactNode } from 'react';
import type { ControllerStatus, UpgradeState } from '../api/types';
import { Alert, Spinner } from '../pf';
import { text } from '../text';
import { explain } from './hooks';
import { CheckIcon, CopyIcon } from './icons';

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'quiet';

export const STATUS_TONE: Record<ControllerStatus, Tone> = {
  ONLINE: 'ok',
  RECOVERING: 'warn',
  FAILED: 'bad',
  OFF: 'quiet',
};

export const STATE_TONE: Record<UpgradeState, Tone> = {
  IDLE: 'quiet',
  RUNNING: 'info',
  PAUSED: 'warn',
  CANCELING: 'warn',
  COMPLETED: 'ok',
  CANCELED: 'quiet',
  FAILED: 'bad',
};

/** A colour with its word: never the colour alone. */
export function Status({ tone, children, testId }: { tone: Tone; children: ReactNode; testId?: string }) {
  return (
    <span className={`b-status b-tone-${tone}`} data-testid={testId}>
      <span className="b-dot" aria-hidden="true" />
      {children}
    </span>
  );
}

export function Pill({ tone, children, testId }: { tone: Tone; children: ReactNode; testId?: string }) {
  return (
    <span className={`b-pill b-tone-${tone}`} data-testid={testId}>
      {children}
    </span>
  );
}

interface PageHeadProps {
  title: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  above?: ReactNode;
}

export function PageHead({ title, lead, actions, above }: PageHeadProps) {
  return (
    <header className="b-head">
      <div className="b-head-text">
        {above}
        <h1>{title}</h1>
        {lead && <p className="b-lead">{lead}</p>}
      </div>
      {actions && <div className="b-actions">{actions}</div>}
    </header>
  );
}

interface CardProps {
  title?: ReactNode;
  aside?: ReactNode;
  className?: string;
  testId?: string;
  children: ReactNode;
}

export function Card({ title, aside, className, testId, children }: CardProps) {
  return (
    <section className={`b-card ${className ?? ''}`} data-testid={testId}>
      {title && (
        <div className="b-card-head">
          <h2>{title}</h2>
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}

/** Names and values. An entry without a value is left out. */
export function Facts({ entries, testId }: { entries: [string, ReactNode][]; testId?: string }) {
  return (
    <dl className="b-facts" data-testid={testId}>
      {entries
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A column's head; one of numbers is aligned with them at their end. */
export type Column = string | { number: string };

interface TableProps {
  label: string;
  columns: Column[];
  testId?: string;
  children: ReactNode;
}

/** A table that becomes a list of cards on a narrow screen: give every cell a `data-label`, and one that holds a number the class `b-number`. */
export function Table({ label, columns, testId, children }: TableProps) {
  return (
    <div className="b-table-wrap">
      <table className="b-table" aria-label={label} data-testid={testId}>
        <thead>
          <tr>
            {columns.map((column) =>
              typeof column === 'string' ? (
                <th key={column} scope="col">
                  {column}
                </th>
              ) : (
                <th key={column.number} scope="col" className="b-number">
                  {column.number}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="b-empty">
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

export function Loading() {
  return (
    <div className="b-loading">
      <Spinner size="lg" aria-label={text.loading} />
    </div>
  );
}

export function ErrorNote({ error }: { error: unknown }) {
  if (!error) return null;
  return <Alert isInline component="p" variant="danger" title={explain(error)} data-testid="error" aria-live="assertive" />;
}

const COPIED_MILLIS = 1_600;

/** Copies a value; says so in place. */
export function Copy({ value, what }: { value: string; what: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    if (!(await toClipboard(value))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_MILLIS);
  };
  return (
    <button type="button" className="b-copy" aria-label={copied ? text.copied : text.copy(what)} title={text.copy(what)} onClick={() => void copy()}>
      {copied ? <CheckIcon /> : <CopyIcon />}
    </button>
  );
}

async function toClipboard(value: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    // Not allowed, or not a secure context: the old way works on a click.
    const area = document.createElement('textarea');
    area.value = value;
    area.className = 'b-offscreen';
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
  }
}

export function Code({ children, what }: { children: string; what: string }) {
  return (
    <span className="b-code">
      <code>{children}</code>
      <Copy value={children} what={what} />
    </span>
  );
}

interface BarProps {
  percent: number;
  label: string;
  tone?: Tone;
  busy?: boolean;
  testId?: string;
}

/** A plain progress bar. */
export function Bar({ percent, label, tone = 'info', busy, testId }: BarProps) {
  const shown = Math.min(100, Math.max(0, percent));
  return (
    <div
      className={`b-bar b-tone-${tone} ${busy ? 'b-busy' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={shown}
      data-testid={testId}
    >
      <span style={{ width: `${shown}%` }} />
    </div>
  );
}
