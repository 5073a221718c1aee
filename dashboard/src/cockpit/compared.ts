/** What the account is compared with, as P&L net of flows from a common point: strategies' own records, a benchmark. */

import type { Session } from "./cockpit";
import type { Point } from "./money";

/** A line compared with the account's: USD by session; null where unknown. */
export type Line = (number | null)[];

/**
 * Return what strategies made by their own records, on from the account's P&L of the session before the first one known.
 *
 * @param made by session, USD.
 */
export function rawOf(curve: Point[], made: ReadonlyMap<string, number>): Line {
  const first = curve.findIndex(({ day }, at) => at > 0 && made.has(day));
  let sum = curve[first - 1]?.pnl ?? 0;
  return curve.map(({ day }, at) => {
    const usd = made.get(day);
    if (first < 0 || at < first - 1 || (at >= first && usd === undefined)) {
      return null;
    }
    sum += at >= first ? (usd ?? 0) : 0;
    return sum;
  });
}

/** Return what the account's money would have made in the benchmark, flows as they came, from its first price on. */
export function benchmarkOf(sessions: Session[], curve: Point[]): Line {
  let [worth, pnl, last]: [number, number, number | null] = [0, 0, null];
  return sessions.map(({ equity, flows, benchmark }, at) => {
    if (last === null) {
      [worth, pnl, last] = [equity, curve[at]?.pnl ?? 0, benchmark];
      return benchmark === null ? null : pnl;
    }
    if (benchmark === null) {
      worth += flows;
      return null;
    }
    const gained = worth * (benchmark / last - 1);
    [worth, pnl, last] = [worth + gained + flows, pnl + gained, benchmark];
    return pnl;
  });
}

export interface Compared {
  /** The session it begins with. */
  from: string;
  pnl: number;
  /** The largest fall of its P&L from its highest so far, USD, 0 or below. */
  maxDrawdown: number;
  /** What the account made in the same sessions, USD. */
  account: number;
}

/** Sum a line up over the points shown; null where it has fewer than two. */
export function comparedOf(points: Point[], line: (point: Point) => number | null): Compared | null {
  const known = points.flatMap((point) => {
    const value = line(point);
    return value === null ? [] : [{ point, value }];
  });
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || known.length < 2) {
    return null;
  }
  let [highest, maxDrawdown] = [first.value, 0];
  for (const { value } of known) {
    highest = Math.max(highest, value);
    maxDrawdown = Math.min(maxDrawdown, value - highest);
  }
  return {
    from: first.point.day,
    pnl: last.value - first.value,
    maxDrawdown,
    account: last.point.pnl - first.point.pnl,
  };
}

/** Cut a line into runs without gaps: where it is, and its values. */
export function runsOfLine(line: Line): { at: number; values: number[] }[] {
  const runs: { at: number; values: number[] }[] = [];
  for (const [at, value] of line.entries()) {
    const open = runs.at(-1);
    if (value !== null && open !== undefined && open.at + open.values.length === at) {
      open.values.push(value);
    } else if (value !== null) {
      runs.push({ at, values: [value] });
    }
  }
  return runs;
}
