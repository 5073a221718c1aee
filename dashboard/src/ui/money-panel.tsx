/** The account first: its worth, its gain today and in all, what it may still lose, and where the gain comes from. */

import { useState } from "preact/hooks";
import type { Cockpit } from "../cockpit/cockpit";
import { lastOf, type Money, type Point } from "../cockpit/money";
import { cents, gainWhole, percent, shortDay, whole } from "../format";
import { Gain, GainShare, Meter } from "./figures";
import { MoneyChart } from "./money-chart";
import { besideOf, MoneyLegend } from "./money-legend";
import { Ago } from "./parts";

const RANGES: [string, number][] = [
  ["1 M", 21],
  ["3 M", 63],
  ["Year", 252],
  ["All", 500],
];

interface Props {
  cockpit: Cockpit;
  money: Money;
  inUse: number | null;
  /** Why the account's figures are old, and what follows; null: they are not. */
  stale: string | null;
}

export function MoneyPanel({ cockpit, money, inUse, stale }: Props) {
  const [range, setRange] = useState("3 M");
  const sessions = RANGES.find(([name]) => name === range)?.[1] ?? 63;
  return (
    <section class="money" aria-labelledby="money">
      <h2 id="money" class="vh">
        Money
      </h2>
      <Figures cockpit={cockpit} money={money} inUse={inUse} stale={stale} />
      <div class="curve">
        <div class="section-head">
          <h3>P&L net of flows, USD</h3>
          <fieldset class="seg">
            <legend class="vh">Range</legend>
            {RANGES.map(([name]) => (
              <button key={name} type="button" aria-pressed={name === range} onClick={() => setRange(name)}>
                {name}
              </button>
            ))}
          </fieldset>
        </div>
        {money.curve.length < 2 ? (
          <p class="empty">A curve shows here from the second session on.</p>
        ) : (
          <Curve
            points={lastOf(money.curve, sessions)}
            limit={cockpit.max_drawdown}
            benchmark={cockpit.benchmark ?? null}
          />
        )}
      </div>
    </section>
  );
}

function Figures({ cockpit, money, inUse, stale }: Props) {
  return (
    <div class="figs">
      <div>
        <div class="lab">Equity, USD</div>
        <div class={stale === null ? "eq" : "eq dim"}>{cents(money.equity)}</div>
        <div class="lab">{money.asOf === null ? "as of an unknown time" : <Ago at={money.asOf} short />}</div>
        {stale !== null && <p class="warning">{stale}</p>}
      </div>
      <div class="two">
        <div>
          <div class="lab">Today, net of flows</div>
          <div class="v">
            <Gain usd={money.today} cents />
          </div>
          <GainShare share={money.todayShare} />
        </div>
        <div>
          <div class="lab">Since {money.since ? shortDay(money.since) : "the start"}, net</div>
          <div class="v">
            <Gain usd={money.total} cents />
          </div>
          <GainShare share={money.totalShare} />
        </div>
      </div>
      <Meter name="Left to lose today" share={money.leftShare}>
        {money.left === null ? (
          <span class="muted">no daily limit is set</span>
        ) : (
          <>
            <b>{whole(money.left)}</b>{" "}
            <span class="muted">to breaker, {percent(-(cockpit.daily_loss_limit ?? 0), 0)}</span>
          </>
        )}
      </Meter>
      <Meter name="Drawdown to breaker" share={drawdownShare(cockpit, money)}>
        <b>{percent(money.drawdown)}</b>{" "}
        <span class="muted">
          {cockpit.max_drawdown === null ? "no limit is set" : `of ${percent(-cockpit.max_drawdown, 0)}`}
        </span>
      </Meter>
      <Meter name="In use" share={inUse}>
        <b>{percent(inUse, 0)}</b> <span class="muted">· {whole(cockpit.buying_power)} buying power</span>
      </Meter>
      {money.maxDrawdown !== null && (
        <p class="lab">
          Max drawdown since {money.since ? shortDay(money.since) : "the start"}: {percent(money.maxDrawdown)}.{" "}
          {cockpit.flows === 0
            ? "No deposit or withdrawal today."
            : `Deposits less withdrawals today: ${gainWhole(cockpit.flows)}.`}
        </p>
      )}
    </div>
  );
}

const drawdownShare = ({ max_drawdown }: Cockpit, { drawdown }: Money): number | null =>
  max_drawdown === null || drawdown === null ? null : -drawdown / max_drawdown;

interface CurveProps {
  points: Point[];
  limit: number | null;
  benchmark: string | null;
}

function Curve({ points, limit, benchmark }: CurveProps) {
  const beside = besideOf(points, benchmark);
  return (
    <>
      <MoneyLegend points={points} beside={beside} />
      <MoneyChart points={points} limit={limit} beside={beside} />
      <details>
        <summary>As a table</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <section class="scroll tall" aria-label="P&L by session" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Session</th>
                <th scope="col" class="number">
                  P&L
                </th>
                {beside.map(({ name }) => (
                  <th key={name} scope="col" class="number">
                    {name}
                  </th>
                ))}
                <th scope="col" class="number">
                  Drawdown
                </th>
                <th scope="col" class="number">
                  Flows
                </th>
              </tr>
            </thead>
            <tbody>
              {points.toReversed().map((point) => (
                <tr key={point.day}>
                  <th scope="row">{point.day}</th>
                  <td class="number">{gainWhole(point.pnl)}</td>
                  {beside.map(({ name, value }) => (
                    <td key={name} class="number">
                      {gainWhole(value(point))}
                    </td>
                  ))}
                  <td class="number">{percent(point.drawdown)}</td>
                  <td class="number">{gainWhole(point.flows)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </>
  );
}
