/** One row a strategy: what the last cycle decided about it, and what it holds, makes and has made. */

import { words } from "../format";
import type { Decision, Mode, Verdict } from "../model";
import { verdictsOf } from "../model";
import type { Cockpit, StrategyNow } from "./cockpit";
import { type Interval, intervalOf } from "./ratio";
import { type AllResults, maxDrawdownOf, pnlOf, type Results, withOthersOf } from "./results";
import type { Today } from "./today";

export interface Row {
  name: string;
  verdict: Verdict;
  now: StrategyNow | null;
  results: Results | null;
  /** USD; null: unknown. */
  today: number | null;
  sessions30: number | null;
  sessions90: number | null;
  /** Of the account's equity. */
  inUse: number | null;
  maxDrawdown: number | null;
  ratio: number | null;
  /** Why it has its mode. */
  why: string;
  interval: Interval | null;
  withOthers: number | null;
}

const ORDER: Mode[] = ["ACTIVE", "REDUCED", "SHADOW_MODE", "DISABLED"];

/** Return the rows, best mode first; one that holds and trades nothing made 0 today, where today is known. */
export function rowsOf(
  decision: Decision,
  cockpit: Cockpit | null,
  results: AllResults | null,
  today: Today | null,
): Row[] {
  const equity = cockpit?.equity ?? null;
  const rows = verdictsOf(decision).map((verdict): Row => {
    const name = verdict.strategy_name;
    const now = cockpit?.strategies[name] ?? null;
    const own = results?.byStrategy.get(name) ?? null;
    const ratio = verdict.sharpe_ratio === null || Number.isNaN(verdict.sharpe_ratio) ? null : verdict.sharpe_ratio;
    const counted = today?.byStrategy.get(name);
    return {
      name,
      verdict,
      now,
      results: own,
      today: counted === undefined ? (today?.isWhole ? 0 : null) : counted,
      sessions30: own && pnlOf(own, 30),
      sessions90: own && pnlOf(own, 90),
      inUse: now?.in_use == null || equity === null || equity <= 0 ? null : now.in_use / equity,
      maxDrawdown: own && maxDrawdownOf(own),
      ratio,
      why: words(verdict.reason_code),
      interval: intervalOf(ratio, now?.error),
      withOthers: results && withOthersOf(name, results),
    };
  });
  return rows.toSorted((one, other) => ORDER.indexOf(one.verdict.mode) - ORDER.indexOf(other.verdict.mode));
}

/** Add up what is known; null where something is not, as a sum without it would be another figure. */
export function sumOf(values: (number | null)[]): number | null {
  return values.reduce<number | null>((sum, value) => (sum === null || value === null ? null : sum + value), 0);
}

/**
 * Return what the account made today besides its strategies, in USD: unowned positions, the account's own fees and interest,
 * and prices of other instants than the strategies' positions have. Null where either is unknown.
 */
export function restOf(account: number | null, rows: Row[]): number | null {
  const strategies = sumOf(rows.map((row) => row.today));
  return account === null || strategies === null ? null : account - strategies;
}

/** Return how many strategies are in each mode, in words. */
export function modesOf(rows: Row[]): string {
  const words: Record<Mode, string> = {
    ACTIVE: "active",
    REDUCED: "reduced",
    SHADOW_MODE: "shadow",
    DISABLED: "disabled",
  };
  const counts = ORDER.map((mode) => [rows.filter((row) => row.verdict.mode === mode).length, words[mode]]);
  return counts
    .filter(([count]) => count !== 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(" · ");
}
