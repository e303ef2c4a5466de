// Short confirmations at the corner of the page, announced politely. Bounded, and gone by themselves.
import { useSyncExternalStore } from 'react';
import { Alert, AlertActionCloseButton } from '../pf';
import { text } from '../text';

interface Toast {
  id: number;
  variant: 'success' | 'info';
  message: string;
}

const MOST = 3;
const SHOWN_MILLIS = 6_000;

let toasts: Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: Toast[]): void {
  toasts = next.slice(-MOST);
  listeners.forEach((listener) => listener());
}

export function toast(message: string, variant: Toast['variant'] = 'success'): void {
  const id = nextId++;
  set([...toasts, { id, variant, message }]);
  setTimeout(() => dismiss(id), SHOWN_MILLIS);
}

function dismiss(id: number): void {
  set(toasts.filter((known) => known.id !== id));
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div className="b-toasts" role="status" aria-live="polite" data-testid="toasts">
      {shown.map((one) => (
        <Alert
          key={one.id}
          isInline
          component="p"
          variant={one.variant}
          title={one.message}
          actionClose={<AlertActionCloseButton aria-label={text.dismiss} onClose={() => dismiss(one.id)} />}
        />
      ))}
    </div>
  );
}
