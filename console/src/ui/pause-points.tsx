// Where an upgrade stops by itself: chosen at its start, and changed for as long as a point is ahead.
import { useState } from 'react';
import { api, live } from '../live';
import type { Upgrade } from '../api/types';
import { Button, Checkbox, FormGroup } from '../pf';
import { text } from '../text';
import { pointName } from './event-words';
import { FormDialog, Hint, type Closing } from './form-dialog';
import { useAction } from './hooks';
import { pointsAhead } from './upgrade-words';

interface PausePointsProps {
  points: string[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

export function PausePointsField({ points, chosen, onChange }: PausePointsProps) {
  return (
    <FormGroup role="group" label={text.start.pausePoints} fieldId="pause-points">
      <div className="b-checks">
        {points.map((point) => (
          <Checkbox
            key={point}
            id={`pause-${point}`}
            data-testid={`pause-at-${point}`}
            label={pointName(point)}
            isChecked={chosen.includes(point)}
            onChange={(_e, on) => onChange(on ? [...chosen, point] : chosen.filter((known) => known !== point))}
          />
        ))}
      </div>
      <Hint help={text.start.pauseHelp} />
    </FormGroup>
  );
}

/** The pause points that are set, with a way to change them; nothing once all points are behind. */
export function PausePointsAhead({ upgrade }: { upgrade: Upgrade }) {
  const [changing, setChanging] = useState(false);
  const ahead = pointsAhead(upgrade);
  if (ahead.length === 0) return null;
  return (
    <div className="b-cap b-small b-quiet" data-testid="pause-points">
      <p>{upgrade.pauseAt.length === 0 ? text.upgrade.noPause : text.upgrade.pausesAt(upgrade.pauseAt.map(pointName).join(', '))}</p>
      <Button variant="link" isInline onClick={() => setChanging(true)} data-testid="change-pause-points">
        {text.upgrade.changePause}
      </Button>
      {changing && <ChangeDialog upgrade={upgrade} ahead={ahead} onClose={() => setChanging(false)} />}
    </div>
  );
}

function ChangeDialog({ upgrade, ahead, onClose }: Closing & { upgrade: Upgrade; ahead: string[] }) {
  const [chosen, setChosen] = useState(upgrade.pauseAt);
  const action = useAction();
  const submit = async () => {
    // A point the upgrade has passed while this was open is no choice any more.
    const changed = await action.run(() => api.changeUpgrade({ pauseAt: ahead.filter((point) => chosen.includes(point)) }));
    if (!changed) return;
    live.accept(changed);
    onClose(true);
  };
  return (
    <FormDialog title={text.upgrade.pausePoints} submit={text.upgrade.setPause} action={action} onSubmit={submit} onClose={onClose} testId="pause-dialog" submitTestId="pause-points-submit">
      <PausePointsField points={ahead} chosen={chosen} onChange={setChosen} />
    </FormDialog>
  );
}
