// One controller: role, status in colour and word, release, slots, how long.
import type { Controller } from '../api/types';
import { between } from '../format';
import { text } from '../text';
import { useNow } from './hooks';
import { Pill, Status, STATUS_TONE } from './kit';

export function ControllerCard({ controller, target }: { controller: Controller; target?: string | null }) {
  const now = useNow();
  const id = controller.id;
  const span = between(controller.since, null, now);
  return (
    <section className={`b-controller b-controller-${controller.role?.toLowerCase() ?? 'none'}`} data-testid={`controller-${id}`} aria-label={text.controller.name(id)}>
      <div className="b-controller-head">
        <h3>{text.controller.name(id)}</h3>
        <Pill tone={controller.role === 'ACTIVE' ? 'info' : 'quiet'} testId={`controller-${id}-role`}>
          {controller.role ? text.role[controller.role] : text.roleUnknown}
        </Pill>
      </div>
      <p className={`b-controller-version ${target && controller.version === target ? 'b-new' : ''}`} data-testid={`controller-${id}-version`}>
        {controller.version ?? text.dash}
      </p>
      <p className="b-controller-status">
        <Status tone={STATUS_TONE[controller.status]} testId={`controller-${id}-status`}>
          {text.status[controller.status]}
        </Status>
        {span && <span className="b-quiet">{text.controller.since(span)}</span>}
        {controller.bootAttempts > 0 && <Pill tone="warn">{text.controller.attempts(controller.bootAttempts)}</Pill>}
      </p>
      <ul className="b-slots" aria-label={text.controller.slot}>
        {Object.entries(controller.slots).map(([slot, version]) => {
          const running = slot === controller.runningSlot;
          return (
            <li key={slot} className={running ? 'b-slot-running' : ''} data-testid={`controller-${id}-slot-${slot}`}>
              <span>
                {text.controller.slot} {slot}
              </span>
              <span className="b-mono">{version ?? text.controller.emptySlot}</span>
              {running && <span className="b-visually-hidden">{text.controller.running}</span>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Both controllers, joined while either may take over. */
export function ControllerPair({ controllers, redundant, target }: { controllers: Controller[]; redundant: boolean; target?: string | null }) {
  return (
    <div className={`b-pair ${redundant ? 'b-pair-redundant' : ''}`} data-testid="controllers">
      {[...controllers]
        .sort((a, b) => a.id - b.id)
        .map((controller) => (
          <ControllerCard key={controller.id} controller={controller} target={target} />
        ))}
    </div>
  );
}
