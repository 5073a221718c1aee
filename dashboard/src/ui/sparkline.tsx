/** Small pictures in rows: a record with its modes below, and a ratio's interval on the axis of all. */

import type { Interval } from "../cockpit/ratio";
import { growthOf, type Results, runsOf } from "../cockpit/results";
import { gainShare, ratio as inWords } from "../format";

const [WIDTH, HEIGHT, BAND] = [120, 26, 4];

export function Sparkline({ results }: { results: Results | null }) {
  const values = results === null ? [] : growthOf(results);
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  if (results === null || last === undefined) {
    return <span class="muted">no record</span>;
  }
  const [low, high] = [Math.min(0, ...known), Math.max(0, ...known)];
  const x = (at: number) => (values.length < 2 ? WIDTH : (at / (values.length - 1)) * WIDTH);
  const y = (value: number) => 1.5 + (1 - (value - low) / (high - low || 1)) * (HEIGHT - BAND - 5);
  const points = values.flatMap((value, at) => (value === null ? [] : [`${x(at).toFixed(1)},${y(value).toFixed(1)}`]));
  const cell = WIDTH / values.length;
  const said = `${known.length} sessions, ${gainShare(last)}; modes: ${modesInWords(results)}`;
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={said}>
      <line x1="0" x2={WIDTH} y1={y(0)} y2={y(0)} class="zero" vector-effect="non-scaling-stroke" />
      <polyline points={points.join(" ")} vector-effect="non-scaling-stroke" />
      {runsOf(results).map((run) => (
        <rect
          key={run.from}
          class={`m-${run.mode.toLowerCase()}`}
          x={run.from * cell}
          width={(run.to - run.from) * cell}
          y={HEIGHT - BAND}
          height={BAND}
        />
      ))}
    </svg>
  );
}

function modesInWords(results: Results): string {
  const runs = runsOf(results);
  const named = runs.slice(-3).map((run) => run.mode.replaceAll("_", " ").toLowerCase());
  return runs.length === 0 ? "unknown" : `${runs.length > 3 ? "… " : ""}${named.join(", then ")}`;
}

interface RatioProps {
  ratio: number | null;
  interval: Interval | null;
  axis: Interval;
  thresholds: number[];
}

export function RatioPicture({ ratio, interval, axis, thresholds }: RatioProps) {
  const x = (value: number) => 3 + ((value - axis.low) / (axis.high - axis.low)) * (WIDTH - 6);
  const said =
    ratio === null || interval === null
      ? "no ratio yet"
      : `ratio ${inWords(ratio)}, ${inWords(interval.low)} to ${inWords(interval.high)}`;
  return (
    <svg class="interval" viewBox={`0 0 ${WIDTH} 16`} role="img" aria-label={said}>
      <line x1={x(0)} x2={x(0)} y1="1" y2="15" class="zero" />
      {thresholds.map((value, at) => (
        <line key={value} x1={x(value)} x2={x(value)} y1="2" y2="14" class={at === 0 ? "m-reduced" : "m-active"} />
      ))}
      {interval && <line x1={x(interval.low)} x2={x(interval.high)} y1="8" y2="8" class="span" />}
      {ratio !== null && <circle cx={x(ratio)} cy="8" r="3.2" />}
    </svg>
  );
}
