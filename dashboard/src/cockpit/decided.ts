/** Decisions looked through: what the address says to show, and what each rule stopped. */

import type { Decision, Intent, LoggedSignal, Mode, Verdict } from "../model";
import { verdictsOf } from "../model";
import { dayBeside, instantOf } from "../zone";

/** As the address has it: every part is a text, and none is empty. */
export interface Filter {
  strategy?: string;
  rule?: string;
  text?: string;
  /** A day or a time on the tenant's clocks: `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM`; a day as the end is the whole of it. */
  from?: string;
  to?: string;
}

const PARTS = ["strategy", "rule", "text", "from", "to"] as const;

/** What a rule did to a signal: nothing left of it, less of it, or on paper only. */
export type Effect = "stopped" | "cut" | "paper";

/** One strategy's part in a decision. */
export interface Part {
  verdict: Verdict;
  signal: LoggedSignal | undefined;
  effect: Effect | null;
  /** Codes of what did it, or of what holds. */
  codes: string[];
}

/** What a rule did over the decisions that were looked through. */
export interface RuleRow {
  code: string;
  stopped: number;
  cut: number;
  paper: number;
  strategies: string[];
}

const RUNGS: Mode[] = ["DISABLED", "SHADOW_MODE", "REDUCED", "ACTIVE"];
/** Codes that describe a strategy's standing; where a rule stopped a signal they are not what stopped it. */
const OF_STANDING = /^(SHARPE_|PROMOTION_PENDING$|INSUFFICIENT_DATA$|HELD_WITHOUT_DATA$|MAESTRO_OFF$)/;
const OF_FULL_ALLOCATION = new Set(["SHARPE_HEALTHY", "SHARPE_LOW_NOT_PROVEN"]);
const EPSILON = 5e-5;

export function filterOf(query: Record<string, string>): Filter {
  const said = PARTS.map((name) => [name, (query[name] ?? "").trim()]).filter(([, value]) => value !== "");
  return Object.fromEntries(said);
}

export function addressOf(filter: Filter): string {
  const said = PARTS.flatMap((name) => (filter[name] ? [[name, filter[name]]] : []));
  return said.length === 0 ? "/decisions" : `/decisions?${new URLSearchParams(said)}`;
}

/** Return from when on and until when (exclusive) to look; null: no such end. */
export function spanOf({ from, to }: Filter): { since: Date | null; until: Date | null } {
  const isDay = to !== undefined && !to.includes("T") && instantOf(to) !== null;
  const end = isDay ? instantOf(dayBeside(to, 1)) : instantOf(to ?? "");
  return { since: instantOf(from ?? ""), until: isDay ? end : end && new Date(end.getTime() + 60_000) };
}

/** Whether more is asked for than the newest. */
export const isFiltered = (filter: Filter): boolean => PARTS.some((name) => filter[name] !== undefined);

export function partsOf(decision: Decision): Part[] {
  return verdictsOf(decision).map((verdict) => {
    const signal = decision.signals[verdict.strategy_name];
    const effect = effectOf(verdict, signal);
    return { verdict, signal, effect, codes: codesOf(verdict, effect) };
  });
}

/** Whether a signal asks for a share of the buying power: of one without an intent, an action says it. */
export const isEntry = (action: string, intent: Intent | undefined): boolean =>
  intent === undefined ? action === "BUY" : intent === "ENTRY";

/** What a strategy proposed; the intent is that of what it became, so another action has none. */
export function askedOf(signal: LoggedSignal): { action: string; intent: Intent | undefined } {
  const action = signal.original_action ?? signal.action;
  return { action, intent: action === signal.action ? signal.intent : undefined };
}

function effectOf(verdict: Verdict, signal: LoggedSignal | undefined): Effect | null {
  if (signal === undefined) {
    return null;
  }
  if (signal.action === "HOLD") {
    return (signal.original_action ?? "HOLD") === "HOLD" ? null : "stopped";
  }
  if (!isEntry(signal.action, signal.intent)) {
    return null; // exits pass in full
  }
  if (verdict.final_allocation === 0) {
    return verdict.mode === "SHADOW_MODE" ? "paper" : "stopped"; // a disabled one follows nothing on paper
  }
  return verdict.original_allocation - verdict.final_allocation > EPSILON ? "cut" : null;
}

function codesOf(verdict: Verdict, effect: Effect | null): string[] {
  const all = verdict.reason_codes ?? [verdict.reason_code];
  const acting = all.filter((code) => !OF_FULL_ALLOCATION.has(code));
  const rules = acting.filter((code) => !OF_STANDING.test(code));
  if (effect === "stopped" && rules.length > 0) {
    return rules;
  }
  return effect === null || acting.length === 0 ? all : acting;
}

/** Return the parts of a decision that a filter asks for; an empty list if it is filtered out. */
export function matching(decision: Decision, filter: Filter): Part[] {
  const { strategy, rule, text } = filter;
  const own = partsOf(decision).filter((part) => strategy === undefined || part.verdict.strategy_name === strategy);
  const ruled = rule === undefined ? own : own.filter((part) => allCodes(part).includes(rule));
  const needle = text?.toLowerCase();
  if (needle === undefined) {
    return ruled;
  }
  const isOfAll = strategy === undefined && rule === undefined && wordsOfAll(decision).includes(needle);
  return isOfAll ? ruled : ruled.filter((part) => wordsOf(decision, part).includes(needle));
}

const allCodes = ({ verdict, codes }: Part): string[] => [
  verdict.reason_code,
  ...(verdict.reason_codes ?? []),
  ...codes,
];

const wordsOfAll = (decision: Decision): string =>
  [decision.ai_summary, decision.systemic_risk_details, ...decision.input_issues.map((issue) => issue.detail)]
    .join("\n")
    .toLowerCase();

function wordsOf(decision: Decision, part: Part): string {
  const name = part.verdict.strategy_name;
  const said = [name, part.verdict.reasoning, part.signal?.reasoning, part.signal?.ticker];
  const failed = [decision.signals_modified[name], decision.strategy_errors[name], decision.load_errors[name]];
  return [...said, ...failed, ...allCodes(part)].join("\n").toLowerCase();
}

/** Count what each rule did, the one that stopped most first. */
export function rulesOf(parts: Part[]): RuleRow[] {
  const rows = new Map<string, RuleRow>();
  for (const { verdict, effect, codes } of parts) {
    for (const code of effect === null ? [] : codes) {
      const row = rows.get(code) ?? { code, stopped: 0, cut: 0, paper: 0, strategies: [] };
      rows.set(code, row);
      row[effect as Effect] += 1;
      if (!row.strategies.includes(verdict.strategy_name)) {
        row.strategies.push(verdict.strategy_name);
      }
    }
  }
  const weight = (row: RuleRow) => row.stopped * 1e6 + row.cut * 1e3 + row.paper;
  return [...rows.values()].toSorted((one, other) => weight(other) - weight(one) || one.code.localeCompare(other.code));
}

/** How a strategy moved between modes; null where it stayed. */
export function moveOf({ previous_mode: from, mode }: Verdict): "up" | "down" | null {
  if (from === null || from === undefined || from === mode) {
    return null;
  }
  return RUNGS.indexOf(mode) > RUNGS.indexOf(from) ? "up" : "down";
}
