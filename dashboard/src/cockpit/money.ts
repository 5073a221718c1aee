/** The account's money: profit net of flows, drawdown, what may still be lost. Null is unknown, and never 0. */

import { timeOf } from "../format";
import type { Cockpit, Session } from "./cockpit";
import { benchmarkOf, rawOf } from "./compared";

export interface Observed {
  usd: number;
  at: Date;
}

export interface Money {
  equity: number;
  asOf: Date | null;
  /** Since the last cycle of the session before, net of flows; USD. */
  today: number | null;
  todayShare: number | null;
  /** Since the first session that is known, net of flows; USD. */
  total: number | null;
  totalShare: number | null;
  since: string | null;
  maxDrawdown: number | null;
  /** From the peak that the breaker measures from, and before there is one from the curve's; 0 or below. */
  drawdown: number | null;
  /** USD until the daily loss breaker trips, 0 at least; null without one. */
  left: number | null;
  /** Of what it allows, 0 to 1. */
  leftShare: number | null;
  curve: Point[];
}

export interface Point {
  day: string;
  /** P&L net of flows since the first point, USD. */
  pnl: number;
  /** From the highest of the time-weighted curve so far, 0 or below. */
  drawdown: number;
  flows: number;
  /** What strategies made by their own records, and what the benchmark made; USD, null: unknown. */
  raw: number | null;
  benchmark: number | null;
}

/**
 * Return the account's money.
 *
 * @param latest what the account document says now, if it is newer than the cockpit's.
 * @param raw what strategies made by their own records, by session, USD.
 */
export function moneyOf(
  cockpit: Cockpit,
  latest: Observed | null = null,
  raw: ReadonlyMap<string, number> = new Map(),
): Money | null {
  const equity = latest?.usd ?? cockpit.equity;
  if (equity === null) {
    return null;
  }
  const { base_equity: base, flows, peak, day_start: start, daily_loss_limit: limit } = cockpit;
  const today = base === null ? null : equity - base - flows;
  const isFirstDay = cockpit.history.length === 0;
  const opening: Session = { day: cockpit.day, equity: base ?? equity, flows: 0, benchmark: null };
  const last: Session = { day: cockpit.day, equity, flows, benchmark: cockpit.benchmark_price ?? null };
  const sessions = [...cockpit.history, ...(isFirstDay && base !== null ? [opening] : []), last];
  const curve = curveOf(sessions);
  const grown = growthOf(curve);
  const allowed = start === null || limit === null ? null : start * limit;
  const left = allowed === null || start === null ? null : Math.max(0, equity - (start - allowed));
  return {
    equity,
    asOf: latest?.at ?? timeOf(cockpit.equity_as_of),
    today,
    todayShare: share(today, base),
    total: curve.at(-1)?.pnl ?? null,
    totalShare: grown,
    since: cockpit.history[0]?.day ?? (base === null ? null : cockpit.day),
    maxDrawdown: curve.length > 1 ? Math.min(...curve.map((point) => point.drawdown)) : null,
    drawdown: peak === null || peak <= 0 ? (curve.at(-1)?.drawdown ?? null) : Math.min(0, equity / peak - 1),
    left,
    leftShare: left === null || !allowed ? null : Math.min(1, left / allowed),
    curve: withBoth(sessions, curve, raw),
  };
}

function withBoth(sessions: Session[], curve: Point[], made: ReadonlyMap<string, number>): Point[] {
  const [raw, benchmark] = [rawOf(curve, made), benchmarkOf(sessions, curve)];
  return curve.map((point, at) => ({ ...point, raw: raw[at] ?? null, benchmark: benchmark[at] ?? null }));
}

const NEITHER = { raw: null, benchmark: null };

interface Grown extends Point {
  growth: number;
}

/** Return P&L and time-weighted drawdown by session; a flow is neither gain nor loss. */
export function curveOf(sessions: Session[]): Grown[] {
  const points: Grown[] = [];
  let [pnl, growth, highest] = [0, 1, 1];
  for (const [at, { day, equity, flows }] of sessions.entries()) {
    const before = sessions[at - 1];
    if (before !== undefined) {
      const gained = equity - before.equity - flows;
      pnl += gained;
      growth *= before.equity > 0 ? Math.max(0, 1 + gained / before.equity) : 1;
      highest = Math.max(highest, growth);
    }
    points.push({
      day,
      pnl,
      drawdown: growth / highest - 1,
      flows: before === undefined ? 0 : flows,
      growth,
      ...NEITHER,
    });
  }
  return points;
}

const growthOf = (curve: Grown[]): number | null => (curve.length > 1 ? (curve.at(-1)?.growth ?? 1) - 1 : null);

const share = (usd: number | null, of: number | null): number | null =>
  usd === null || of === null || of <= 0 ? null : usd / of;

/** Return the points of the last so many sessions, counted from 0 again. */
export function lastOf(curve: Point[], sessions: number): Point[] {
  const kept = curve.slice(-sessions - 1);
  const [first] = kept;
  const from = first?.pnl ?? 0;
  const again = (value: number | null, begun: number | null | undefined) =>
    value === null ? null : value - (begun ?? from);
  return kept.map((point) => ({
    ...point,
    pnl: point.pnl - from,
    raw: again(point.raw, first?.raw),
    benchmark: again(point.benchmark, first?.benchmark),
  }));
}
