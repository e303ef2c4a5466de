// A router of one screen: paths with {names}, links that keep the page alive, back and forward.
import { useSyncExternalStore, type MouseEvent, type ReactNode } from 'react';

export type Params = Record<string, string>;

/** The values of a pattern's {names} if the path matches it, otherwise null. */
export function match(pattern: string, path: string): Params | null {
  const wanted = pattern.split('/').filter(Boolean);
  const given = path.split('/').filter(Boolean);
  if (wanted.length !== given.length) return null;
  const params: Params = {};
  for (let i = 0; i < wanted.length; i++) {
    const want = wanted[i]!;
    const have = given[i]!;
    if (want.startsWith('{') && want.endsWith('}')) {
      try {
        params[want.slice(1, -1)] = decodeURIComponent(have);
      } catch {
        return null; // a broken escape is nobody's path
      }
    } else if (want !== have) return null;
  }
  return params;
}

/** A volume's own page. Its name may hold a dot, and a last segment with a dot would be a file. */
export const VOLUME = '/volumes/{name}/snapshots';

export function volumePath(name: string): string {
  return VOLUME.replace('{name}', encodeURIComponent(name));
}

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

export function navigate(to: string): void {
  if (to === window.location.pathname) return;
  window.history.pushState(null, '', to);
  window.scrollTo(0, 0);
  listeners.forEach((listener) => listener());
}

/** Another path in place of the present one, which nobody goes back to. */
export function replace(to: string): void {
  window.history.replaceState(null, '', to);
  listeners.forEach((listener) => listener());
}

interface LinkProps {
  to: string;
  className?: string;
  current?: boolean;
  testId?: string;
  children: ReactNode;
}

export function Link({ to, className, current, testId, children }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a href={to} className={className} aria-current={current ? 'page' : undefined} data-testid={testId} onClick={follow}>
      {children}
    </a>
  );
}
