/** What a policy would have changed, in words. */

import { day, modeName, percent, ratio } from "./format";
import type { Mode } from "./model";

export interface Totals {
  mode_changes: number;
  entries: number;
  systemic_sessions: number;
  breaker_sessions: number;
}

export interface Issued {
  mode: Mode;
  action: "BUY" | "SELL" | "HOLD";
  allocation: number;
  reason_code: string;
}

export interface StrategyPreview {
  strategy_name: string;
  before: Record<Mode, number>;
  after: Record<Mode, number>;
  last_before: Mode;
  last_after: Mode;
  entries_stopped: number;
  entries_let_through: number;
}

/** `before` is the policy that holds, `after` the one that is tried. */
export interface Preview {
  sessions: number;
  first_session: string | null;
  last_session: string | null;
  unreadable_sessions: number;
  before: Totals;
  after: Totals;
  entries_stopped: number;
  entries_let_through: number;
  strategies: StrategyPreview[];
  changes: { day: string; strategy_name: string; before: Issued; after: Issued }[];
  changes_left_out: number;
  reproduced: number;
  not_reproduced: string[];
  held_fixed: string[];
  not_told: string[];
  returns: {
    days: number;
    days_that_differ: number;
    sharpe_before: number | null;
    sharpe_after: number | null;
    difference: number | null;
    low: number | null;
    high: number | null;
    too_few_to_tell: string[];
  };
}

const MODES: Mode[] = ["ACTIVE", "REDUCED", "SHADOW_MODE", "DISABLED"];

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** Return over what it is said. */
export const period = ({ sessions, first_session, last_session }: Preview): string =>
  `${counted(sessions, "session")}, ${day(first_session)} to ${day(last_session)}`;

/** Return the one sentence that says it. */
export function summary(preview: Preview): string {
  const count = preview.changes.length + preview.changes_left_out;
  if (count === 0) {
    return "Nothing would have been decided differently.";
  }
  const { entries_stopped: stopped, entries_let_through: through } = preview;
  const entries =
    stopped + through === 0
      ? "no entry stopped or let through"
      : `${counted(stopped, "entry", "entries")} stopped that passed, ${through} let through that ${through === 1 ? "was" : "were"} not`;
  return `${counted(count, "decision")} would have been different: ${entries}.`;
}

/** Return the strategies of which anything would have been different. */
export function affected(preview: Preview): StrategyPreview[] {
  const names = new Set(preview.changes.map((one) => one.strategy_name));
  const moved = (one: StrategyPreview) => MODES.some((mode) => (one.before[mode] ?? 0) !== (one.after[mode] ?? 0));
  return preview.strategies.filter((one) => names.has(one.strategy_name) || moved(one));
}

/** Return sessions by mode, best first: "60 Active, 30 Reduced". */
export const sessionsByMode = (counts: Record<Mode, number>): string =>
  MODES.filter((mode) => (counts[mode] ?? 0) > 0)
    .map((mode) => `${counts[mode]} ${modeName(mode)}`.replaceAll(" ", "\u00a0"))
    .join(", ");

/** Return how far the answer is to be trusted. */
export function reproduced({ sessions, reproduced: count }: Preview): string {
  const told = "decided again under the policies in force then";
  if (count === sessions) {
    return `A check: ${told}, every session comes out exactly as it was decided.`;
  }
  return `A check: ${told}, ${count} of ${sessions} sessions come out exactly as they were decided. The others depend on what is not on record.`;
}

/** Return whether returns would have been better, and that this cannot be known. */
export function returnsSaid({ returns }: Preview): string {
  const { sharpe_before: before, sharpe_after: after, difference, low, high, too_few_to_tell: why } = returns;
  const doubt = why.length > 0 ? `Too few to tell: ${why.join("; ")}.` : "";
  if (difference === null) {
    return doubt;
  }
  const figures = `Sharpe ratio ${ratio(before)} as saved, ${ratio(after)} as changed: a difference of ${ratio(difference)}, whose 95 % interval is ${ratio(low)} to ${ratio(high)}.`;
  return `${figures} ${doubt}`.trim();
}

export const decided = ({ action, allocation }: Issued): string =>
  action === "HOLD" ? "HOLD" : `${action} ${percent(allocation)}`;

export const TOTALS: [keyof Totals, string][] = [
  ["mode_changes", "Changes of mode"],
  ["entries", "Entries issued"],
  ["systemic_sessions", "Sessions with systemic risk"],
  ["breaker_sessions", "Sessions with entries stopped by an account breaker"],
];
