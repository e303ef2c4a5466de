// Host p99 over the upgrade, with the baseline as a dashed line. Drawn by hand: one line needs no library.
import type { LatencySample } from '../live';
import { latency } from '../format';
import { text } from '../text';

const WIDTH = 320;
const HEIGHT = 72;
const PADDING = 6;

export function LatencyChart({ samples, baseline }: { samples: LatencySample[]; baseline: number | null }) {
  if (samples.length < 2) return null;
  const first = samples[0]!.at;
  const span = Math.max(1, samples[samples.length - 1]!.at - first);
  const top = Math.max(...samples.map((sample) => sample.micros), (baseline ?? 0) * 1.6, 1);
  const x = (at: number) => ((at - first) / span) * WIDTH;
  const y = (micros: number) => HEIGHT - PADDING - (micros / top) * (HEIGHT - 2 * PADDING);
  const line = samples.map((sample) => `${x(sample.at).toFixed(1)},${y(sample.micros).toFixed(1)}`).join(' ');
  const now = samples[samples.length - 1]!.micros;
  return (
    <svg
      className="b-chart"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={text.upgrade.latencyChart(latency(now), baseline === null ? text.dash : latency(baseline))}
    >
      <polygon className="b-chart-area" points={`0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} />
      {baseline !== null && <line className="b-chart-baseline" x1={0} x2={WIDTH} y1={y(baseline)} y2={y(baseline)} vectorEffect="non-scaling-stroke" />}
      <polyline className="b-chart-line" points={line} fill="none" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
