import { Component, useEffect, useRef, type ReactNode } from 'react';
import { api, live, useLive } from './live';
import { EventsPage } from './pages/events';
import { HostsPage } from './pages/hosts';
import { OverviewPage } from './pages/overview';
import { ReportPage } from './pages/report';
import { SignInPage } from './pages/sign-in';
import { SoftwarePage } from './pages/software';
import { StartPage } from './pages/start';
import { UpgradePage } from './pages/upgrade';
import { VolumePage } from './pages/volume';
import { VolumesPage } from './pages/volumes';
import { Button, Spinner } from './pf';
import { Link, VOLUME, match, replace, usePath } from './router';
import { SIGN_IN_PATH } from './sign-in';
import { text } from './text';
import { useAction } from './ui/hooks';
import { Logo, SignOutIcon } from './ui/icons';
import { Status, type Tone } from './ui/kit';
import { Toasts } from './ui/toasts';
import { UpgradeBar } from './ui/upgrade-bar';

interface Route {
  pattern: string;
  title: string | ((params: Record<string, string>) => string);
  /** The entry of the navigation it belongs to. */
  nav: string;
  page: (params: Record<string, string>) => ReactNode;
}

const ROUTES: Route[] = [
  { pattern: '/', title: text.nav.overview, nav: '/', page: () => <OverviewPage /> },
  { pattern: '/volumes', title: text.nav.volumes, nav: '/volumes', page: () => <VolumesPage /> },
  { pattern: VOLUME, title: (p) => p.name ?? text.volumes.title, nav: '/volumes', page: (p) => <VolumePage key={p.name} name={p.name ?? ''} /> },
  { pattern: '/hosts', title: text.nav.hosts, nav: '/hosts', page: () => <HostsPage /> },
  { pattern: '/software', title: text.nav.software, nav: '/software', page: () => <SoftwarePage /> },
  { pattern: '/software/{version}/start', title: text.upgrade.title, nav: '/software', page: (p) => <StartPage key={p.version} version={p.version ?? ''} /> },
  { pattern: '/software/reports/{id}', title: text.report.receipt, nav: '/software', page: (p) => <ReportPage key={p.id} id={p.id ?? ''} /> },
  { pattern: '/upgrade', title: text.upgrade.title, nav: '/software', page: () => <UpgradePage /> },
  { pattern: '/events', title: text.nav.events, nav: '/events', page: () => <EventsPage /> },
];

const NAV: [string, string][] = [
  ['/', text.nav.overview],
  ['/volumes', text.nav.volumes],
  ['/hosts', text.nav.hosts],
  ['/software', text.nav.software],
  ['/events', text.nav.events],
];

const HEALTH_TONE: Record<string, Tone> = { OK: 'ok', DEGRADED: 'warn', CRITICAL: 'bad' };

export function App() {
  const { signedIn } = useLive();
  const path = usePath();
  useEffect(() => live.start(), []);
  // Who is signed in has no business there, however the link was.
  const astray = signedIn === true && path === SIGN_IN_PATH;
  useEffect(() => {
    if (astray) replace('/');
  }, [astray]);
  if (signedIn === false || path === SIGN_IN_PATH) return <SignInPage />;
  return <Shell path={path} />;
}

function Shell({ path }: { path: string }) {
  const { appliance, link } = useLive();
  let route: Route | undefined;
  let params: Record<string, string> = {};
  for (const candidate of ROUTES) {
    const found = match(candidate.pattern, path);
    if (found) {
      route = candidate;
      params = found;
      break;
    }
  }
  // After a navigation the keyboard goes on from the new page, as after a real load.
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current !== path) main.current?.focus({ preventScroll: true });
    shown.current = path;
  }, [path]);
  useEffect(() => {
    const title = typeof route?.title === 'function' ? route.title(params) : (route?.title ?? text.notFound.title);
    document.title = [title, appliance?.name ?? text.product].join(' · ');
  }, [route, path, appliance?.name]);
  return (
    <>
      <a className="b-skip" href="#main">
        {text.skip}
      </a>
      <header className="b-masthead">
        <div className="b-masthead-inner">
          <Link to="/" className="b-brand">
            <Logo />
            <span>{text.product}</span>
          </Link>
          <nav className="b-nav" aria-label={text.nav.label}>
            {NAV.map(([to, label]) => (
              <Link key={to} to={to} current={route?.nav === to}>
                {label}
              </Link>
            ))}
          </nav>
          <div className="b-masthead-end">
            {appliance && (
              <span className="b-appliance" data-testid="appliance-name">
                <Status tone={HEALTH_TONE[appliance.health] ?? 'quiet'}>{appliance.name}</Status>
              </span>
            )}
            <SignOut />
          </div>
        </div>
      </header>
      <div className="b-sticky">
        <UpgradeBar onDetails={path === '/upgrade'} />
        <LinkNote down={link === 'down'} />
      </div>
      <main ref={main} id="main" className={`b-main ${link === 'down' ? 'b-stale' : ''}`} tabIndex={-1}>
        <Catch key={path}>
          {route ? (
            route.page(params)
          ) : (
            <div className="b-empty">
              <h1>{text.notFound.title}</h1>
              <Link to="/">{text.notFound.back}</Link>
            </div>
          )}
        </Catch>
      </main>
      <Toasts />
    </>
  );
}

/** The calm note while no controller answers. The element stays, so that readers announce it. */
function LinkNote({ down }: { down: boolean }) {
  return (
    <div role="status" aria-live="polite">
      {down && (
        <div className="b-link-note" data-testid="reconnecting">
          <Spinner size="sm" aria-label={text.link.reconnecting} />
          <span>
            <strong>{text.link.reconnecting}</strong> {text.link.keeps}
          </span>
        </div>
      )}
    </div>
  );
}

function SignOut() {
  const action = useAction();
  const signOut = () =>
    action.run(async () => {
      await api.signOut();
      live.signedOut();
    });
  return (
    <button type="button" className="b-sign-out" disabled={action.busy} onClick={() => void signOut()} data-testid="sign-out">
      <SignOutIcon /> <span>{text.signOut}</span>
    </button>
  );
}

/** A mistake in one page must not take the progress bar and the rest away. */
class Catch extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <div className="b-empty" role="alert">
        <h1>{text.error.crashed}</h1>
        <p>{text.error.crashedDetail}</p>
        <Button variant="secondary" onClick={() => this.setState({ broken: false })}>
          {text.error.goOn}
        </Button>
      </div>
    );
  }
}
