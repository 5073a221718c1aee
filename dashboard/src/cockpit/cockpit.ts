/** `state/cockpit`: what the last cycle left for people to look at, read once and as figures. docs/data-model.md has it all. */

import type { Timestamp } from "firebase/firestore";
import { timeOf } from "../format";
import type { Intent, Mode } from "../model";

export interface StoredCockpit {
  as_of: Timestamp;
  session_id: string;
  day: string;
  base_at: Timestamp;
  equity: number | null;
  equity_as_of: Timestamp | null;
  base_equity: number | null;
  flows: number;
  buying_power: number | null;
  peak: number | null;
  day_start: number | null;
  max_drawdown: number | null;
  daily_loss_limit: number | null;
  tripped_until: Timestamp | null;
  tripped_by: string | null;
  thresholds: [shadow: number, reduce: number];
  min_data_points: number;
  /** Older cockpits lack these four. */
  max_input_age_seconds?: number;
  on_drift?: "warn" | "hold" | "halt";
  benchmark?: string | null;
  benchmark_price?: number | null;
  cycles: number;
  proposed: number;
  changed: number;
  strategies_json: string;
  marks_json: string;
  history_json: string;
  day_json: string;
}

/** What is known of a strategy besides its verdict. */
export interface StrategyNow {
  since: string;
  until: string | null;
  /** USD; null: unknown. */
  in_use: number | null;
  /** The ratio's standard error. */
  error: number | null;
  last: [action: string, symbol: string, at: string] | null;
}

export interface Mark {
  price: number | null;
  base: number | null;
}

/** One of today's signals, or a change of mode. */
export interface Entry {
  at: string;
  session_id: string;
  strategy: string;
  why: string;
  action?: string;
  was?: string;
  symbol?: string;
  intent?: Intent;
  asked?: number;
  allowed?: number;
  change?: string | null;
  mode?: Mode;
  from?: Mode;
}

/** The account at the end of a session; flows came in during it. */
export interface Session {
  day: string;
  equity: number;
  flows: number;
  /** The benchmark's price, USD; null: unknown. */
  benchmark: number | null;
}

export interface Cockpit extends Omit<StoredCockpit, "strategies_json" | "marks_json" | "history_json" | "day_json"> {
  asOf: Date;
  baseAt: Date;
  strategies: Record<string, StrategyNow>;
  marks: Record<string, Mark>;
  /** Before today's, oldest first. */
  history: Session[];
  entries: Entry[];
}

export function cockpitOf(stored: StoredCockpit): Cockpit {
  const { strategies_json, marks_json, history_json, day_json, ...rest } = stored;
  const marks: Record<string, [number | null, number | null, boolean]> = JSON.parse(marks_json);
  const history: [string, number, number, (number | null)?][] = JSON.parse(history_json);
  return {
    ...rest,
    asOf: timeOf(stored.as_of) ?? new Date(0),
    baseAt: timeOf(stored.base_at) ?? new Date(0),
    strategies: JSON.parse(strategies_json),
    marks: Object.fromEntries(
      Object.entries(marks).map(([symbol, [price, base]]) => [symbolKey(symbol), { price, base }]),
    ),
    history: history.map(([day, equity, flows, price]) => ({ day, equity, flows, benchmark: price ?? null })),
    entries: JSON.parse(day_json),
  };
}

/** Return what identifies a symbol, however it is spelled. */
export const symbolKey = (symbol: string): string => symbol.toUpperCase().replaceAll(/[/_ -]/g, "");
