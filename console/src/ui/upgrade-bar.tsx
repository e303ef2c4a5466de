// The bar at the top of every page while an upgrade runs.
import { useLive } from '../live';
import { Link } from '../router';
import { text } from '../text';
import { Bar, STATE_TONE } from './kit';
import { ArrowIcon } from './icons';
import { doingNow, isOpen, stateName, timeLeft } from './upgrade-words';

export function UpgradeBar({ onDetails }: { onDetails: boolean }) {
  const { upgrade } = useLive();
  if (!isOpen(upgrade)) return null;
  const tone = STATE_TONE[upgrade.state];
  return (
    <section className={`b-upgrade-bar b-tone-${tone}`} aria-label={text.upgrade.barLabel} data-testid="upgrade-bar" data-state={upgrade.state}>
      <div className="b-upgrade-bar-row">
        <strong className="b-upgrade-bar-percent" data-testid="upgrade-bar-percent">
          {upgrade.percent} %
        </strong>
        <span className="b-upgrade-bar-title">{text.upgrade.headline(upgrade.from, upgrade.to)}</span>
        <span className="b-upgrade-bar-step" role="status" data-testid="upgrade-bar-step">
          <span className="b-upgrade-bar-state" data-testid="upgrade-bar-state">{stateName(upgrade)}</span>
          {upgrade.step && <> · {doingNow(upgrade)}</>}
        </span>
        <span className="b-upgrade-bar-eta" data-testid="upgrade-bar-eta">
          {timeLeft(upgrade)}
        </span>
        <Link to="/upgrade" className="b-upgrade-bar-link" current={onDetails} testId="view-details">
          {text.upgrade.viewDetails} <ArrowIcon />
        </Link>
      </div>
      <Bar percent={upgrade.percent} label={text.upgrade.barLabel} tone={tone} busy={upgrade.state !== 'PAUSED'} />
    </section>
  );
}
