/** `state/results`: what strategies made in the last sessions, unpacked, and what is worked out of it. */

import type { Mode } from "../model";

/** As Firestore hands bytes out. */
interface Packed {
  toUint8Array(): Uint8Array;
}

export interface StoredResults {
  strategy_names: string[];
  dates: string[];
  returns: Packed;
  pnl: Packed;
  modes: Packed;
  /** Older results lack it. */
  raw?: Packed;
}

/** One strategy's sessions, oldest first; null where there is nothing of one. */
export interface Results {
  returns: (number | null)[];
  pnl: (number | null)[];
  modes: (Mode | null)[];
}

export interface AllResults {
  dates: string[];
  byStrategy: Map<string, Results>;
  /** By session, what all strategies made by their own records, live or on paper, USD. */
  raw: Map<string, number>;
}

const MODES: (Mode | null)[] = [null, "ACTIVE", "REDUCED", "SHADOW_MODE", "DISABLED"];
/** Sums of squares below this are the rounding of equal figures. */
const ROUNDING = 1e-24;
/** Fewest common sessions for a correlation. */
const FEWEST_IN_COMMON = 10;

export function resultsOf(stored: StoredResults): AllResults {
  const { strategy_names: names, dates } = stored;
  const [returns, pnl] = [numbers(stored.returns, 4), numbers(stored.pnl, 4)];
  const modes = [...stored.modes.toUint8Array()].map((code) => MODES[code] ?? null);
  const row = <T>(values: T[], at: number): T[] => values.slice(at * dates.length, (at + 1) * dates.length);
  const rows = names.map((name, at): [string, Results] => [
    name,
    { returns: row(returns, at), pnl: row(pnl, at), modes: row(modes, at) },
  ]);
  const raw = numbers(stored.raw, 8).flatMap((usd, at): [string, number][] =>
    usd === null ? [] : [[dates[at] ?? "", usd]],
  );
  return { dates, byStrategy: new Map(rows), raw: new Map(raw) };
}

/** Read little-endian floats of 4 or 8 bytes, whatever the machine is; NaN becomes null. */
function numbers(packed: Packed | undefined, size: 4 | 8): (number | null)[] {
  const bytes = packed?.toUint8Array() ?? new Uint8Array();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / size }, (_, at) => {
    const value = size === 4 ? view.getFloat32(4 * at, true) : view.getFloat64(8 * at, true);
    return Number.isNaN(value) ? null : value;
  });
}

/** Add up the live P&L of the last so many sessions; null where none has any. */
export function pnlOf({ pnl }: Results, sessions: number): number | null {
  const known = pnl.slice(-sessions).filter((usd) => usd !== null);
  return known.length === 0 ? null : known.reduce((sum, usd) => sum + usd, 0);
}

/** Return the compounded record, live or on paper, 0 at its start; null before its first session. */
export function growthOf({ returns }: Results): (number | null)[] {
  let growth: number | null = null;
  return returns.map((value) => {
    growth = value === null ? growth : (growth ?? 1) * Math.max(0, 1 + value);
    return growth === null ? null : growth - 1;
  });
}

/** Return the largest fall from a peak, 0 or below; null without a session. */
export function maxDrawdownOf(results: Results): number | null {
  let [highest, worst]: [number, number | null] = [1, null];
  for (const value of growthOf(results)) {
    if (value !== null) {
      highest = Math.max(highest, 1 + value);
      worst = Math.min(worst ?? 0, (1 + value) / highest - 1);
    }
  }
  return worst;
}

export interface Run {
  mode: Mode;
  from: number;
  to: number;
}

/** Return runs of sessions in one mode, [from, to). */
export function runsOf({ modes }: Results): Run[] {
  const runs: Run[] = [];
  for (const [at, mode] of modes.entries()) {
    const last = runs.at(-1);
    if (mode !== null && last?.mode === mode && last.to === at) {
      last.to = at + 1;
    } else if (mode !== null) {
      runs.push({ mode, from: at, to: at + 1 });
    }
  }
  return runs;
}

/** Return Pearson's correlation of sessions that both have; null with too few, or where one never moves. */
export function correlationOf(one: Results, other: Results): number | null {
  const pairs = one.returns.flatMap((value, at): [number, number][] => {
    const beside = other.returns[at];
    return value === null || beside === null || beside === undefined ? [] : [[value, beside]];
  });
  if (pairs.length < FEWEST_IN_COMMON) {
    return null;
  }
  const [mx, my] = [mean(pairs.map(([x]) => x)), mean(pairs.map(([, y]) => y))];
  let [xy, xx, yy] = [0, 0, 0];
  for (const [x, y] of pairs) {
    xy += (x - mx) * (y - my);
    xx += (x - mx) ** 2;
    yy += (y - my) ** 2;
  }
  const moves = (spread: number, level: number): boolean => spread > ROUNDING * (spread + pairs.length * level ** 2);
  return moves(xx, mx) && moves(yy, my) ? xy / Math.sqrt(xx * yy) : null;
}

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Strategies up to which correlations are worked out: 100 take some 80 ms, and 1,000 would take seconds. */
export const MOST_CORRELATED = 100;
const known = new WeakMap<AllResults, Map<string, number | null>>();

/** Return a strategy's mean correlation with the others; null where none is known, or there are too many. */
export function withOthersOf(name: string, all: AllResults): number | null {
  let means = known.get(all);
  if (means === undefined) {
    means = all.byStrategy.size > MOST_CORRELATED ? new Map() : meansOf(all);
    known.set(all, means);
  }
  return means.get(name) ?? null;
}

function meansOf({ byStrategy }: AllResults): Map<string, number | null> {
  const values = new Map([...byStrategy.keys()].map((name): [string, number[]] => [name, []]));
  const all = [...byStrategy];
  for (const [at, [name, own]] of all.entries()) {
    for (const [other, beside] of all.slice(at + 1)) {
      const value = correlationOf(own, beside);
      if (value !== null) {
        values.get(name)?.push(value);
        values.get(other)?.push(value);
      }
    }
  }
  return new Map([...values].map(([name, found]) => [name, found.length === 0 ? null : mean(found)]));
}
