/** P&L with raw and benchmark and, below it, the fall from the peak; flows are marked. A table has its figures. */

import { runsOfLine } from "../cockpit/compared";
import type { Point } from "../cockpit/money";
import { scaleOf } from "../cockpit/scale";
import { gainWhole, percent, shortDay } from "../format";
import { type Beside, saidOf } from "./money-legend";

const [WIDTH, HEIGHT, FALL] = [1000, 100, 100];

interface Props {
  points: Point[];
  limit: number | null;
  beside: Beside[];
}

export function MoneyChart({ points, limit, beside }: Props) {
  const x = (at: number) => (at / Math.max(1, points.length - 1)) * WIDTH;
  const pnl = points.map((point) => point.pnl);
  const { low, high, ticks } = scaleOf([
    ...pnl,
    ...beside.flatMap(({ value }) => points.map(value).filter((usd) => usd !== null)),
  ]);
  const y = (value: number) => (1 - (value - low) / (high - low)) * HEIGHT;
  const deepest = Math.min(...points.map((point) => point.drawdown), -(limit ?? 0), -0.001) * 1.05;
  const under = (value: number) => (value / deepest) * FALL;
  const line = (values: number[], place: (value: number) => number, from = 0) =>
    values.map((value, at) => `${x(from + at).toFixed(1)},${place(value).toFixed(2)}`).join(" ");
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) {
    return null;
  }
  const falls = points.map((point) => point.drawdown);
  const said = `P&L net of flows from ${first.day} to ${last.day}: ${gainWhole(last.pnl)} USD, lowest ${gainWhole(Math.min(...pnl))}, highest ${gainWhole(Math.max(...pnl))}; max drawdown ${percent(Math.min(...falls))}.${saidOf(beside)}`;
  return (
    <figure class="plots">
      <div class="plot">
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={said}>
          {ticks.map((tick) => (
            <line key={tick} x1="0" x2={WIDTH} y1={y(tick)} y2={y(tick)} class={tick === 0 ? "base" : "grid"} />
          ))}
          {points.map(
            (point, at) =>
              point.flows !== 0 && <line key={point.day} x1={x(at)} x2={x(at)} y1="0" y2={HEIGHT} class="flow" />,
          )}
          {beside.flatMap(({ kind, value }) =>
            runsOfLine(points.map(value)).map(({ at, values }) => (
              <polyline key={`${kind} ${at}`} points={line(values, y, at)} class={kind} />
            )),
          )}
          <polyline points={line(pnl, y)} class="account" />
        </svg>
        {ticks.map((tick) => (
          <span key={tick} class="tick" style={{ top: `${y(tick)}%` }} aria-hidden="true">
            {gainWhole(tick)}
          </span>
        ))}
        <div class="in" aria-hidden="true">
          {points.map(
            (point, at) =>
              point.flows !== 0 && (
                <span
                  key={point.day}
                  class={x(at) > WIDTH / 2 ? "flow before" : "flow"}
                  style={{ left: `${x(at) / 10}%` }}
                >
                  {point.flows > 0 ? "▲ deposit " : "▼ withdrawal "}
                  {gainWhole(Math.abs(point.flows)).slice(1)}
                </span>
              ),
          )}
        </div>
      </div>
      <div class="plot under" aria-hidden="true">
        <svg viewBox={`0 0 ${WIDTH} ${FALL}`} preserveAspectRatio="none" aria-hidden="true">
          <line x1="0" x2={WIDTH} y1="0" y2="0" class="base" />
          <polygon points={`0,0 ${line(falls, under)} ${WIDTH},0`} class="fall" />
          {limit !== null && <line x1="0" x2={WIDTH} y1={under(-limit)} y2={under(-limit)} class="limit" />}
        </svg>
        <span class="tick" style={{ top: "0%" }}>
          0&nbsp;%
        </span>
        {limit !== null && (
          <span class="tick bad" style={{ top: `${under(-limit)}%` }}>
            breaker {percent(-limit, 0)}
          </span>
        )}
      </div>
      <div class="days" aria-hidden="true">
        <span>{dayOf(first)}</span>
        <span>{dayOf(points[Math.floor(points.length / 2)] ?? first)}</span>
        <span>{dayOf(last)}</span>
      </div>
    </figure>
  );
}

const dayOf = ({ day }: Point): string => shortDay(day);
