// The steps of an upgrade, as a line of stations; the same on the details page and in the report.
import type { Step, StepState } from '../api/types';
import { between, timeOfDay } from '../format';
import { text } from '../text';
import { useNow } from './hooks';
import { CheckIcon, CrossIcon, UndoIcon } from './icons';
import { Bar } from './kit';
import { stepName } from './upgrade-words';

function Mark({ state }: { state: StepState }) {
  if (state === 'DONE') return <CheckIcon />;
  if (state === 'FAILED') return <CrossIcon />;
  if (state === 'UNDONE' || state === 'UNDOING') return <UndoIcon />;
  return <span className="b-step-dot" />;
}

interface StepsProps {
  steps: Step[];
  current?: string | null;
  paused?: boolean;
  /** The upgrade is over or going back: what is pending will not come. */
  ended?: boolean;
}

export function Steps({ steps, current, paused, ended }: StepsProps) {
  const now = useNow();
  return (
    <ol className="b-steps" data-testid="steps">
      {steps.map((step, index) => {
        const running = step.state === 'RUNNING' || step.state === 'UNDOING';
        const took = between(step.startedAt, step.endedAt, now);
        return (
          <li
            key={`${index}-${step.name}`}
            className={`b-step b-step-${step.state.toLowerCase()} ${paused && running ? 'b-step-paused' : ''}`}
            aria-current={step.name === current ? 'step' : undefined}
            data-testid={`step-${step.name}`}
            data-state={step.state}
          >
            <span className="b-step-mark" aria-hidden="true">
              <Mark state={step.state} />
            </span>
            <div className="b-step-body">
              <p className="b-step-name">
                {stepName(step.name)}
                {step.controller !== null && (
                  <>
                    {' '}
                    <span className="b-quiet b-nowrap">· {text.controller.name(step.controller)}</span>
                  </>
                )}
              </p>
              {running && step.percent > 0 && step.percent < 100 && <Bar percent={step.percent} label={stepName(step.name)} tone={step.state === 'UNDOING' ? 'warn' : 'info'} />}
              {step.error && <p className="b-step-error">{step.error}</p>}
            </div>
            <p className="b-step-time">
              <span className="b-step-state">{paused && running ? text.upgrade.state.PAUSED : ended && step.state === 'PENDING' ? text.upgrade.notReached : text.upgrade.stepState[step.state]}</span>
              {step.startedAt && step.state !== 'UNDONE' && step.state !== 'UNDOING' && (
                <span className="b-quiet" title={timeOfDay(step.startedAt, now)}>
                  {' '}
                  {took}
                </span>
              )}
            </p>
          </li>
        );
      })}
    </ol>
  );
}
