/** What Firestore and the API hold, as far as pages show it: docs/data-model.md has the whole. */

import type { Timestamp } from "firebase/firestore";
import type { components } from "./openapi";

export type Mode = "ACTIVE" | "REDUCED" | "SHADOW_MODE" | "DISABLED";
export type Role = "viewer" | "trader" | "admin";
export type Intent = "ENTRY" | "EXIT" | "FLIP" | "NOTHING";
export type TradingState = "RUN" | "REDUCE_ONLY" | "HALT";

export interface Verdict {
  strategy_name: string;
  original_allocation: number;
  final_allocation: number;
  mode: Mode;
  previous_mode: Mode | null;
  reason_code: string;
  reason_codes?: string[];
  reasoning: string;
  /** NaN while it is unknown, as the next one. */
  sharpe_ratio: number | null;
  probabilistic_sharpe_ratio: number | null;
  data_points: number;
}

export interface LoggedSignal {
  action: "BUY" | "SELL" | "HOLD";
  original_action?: "BUY" | "SELL" | "HOLD";
  /** Of a BUY or SELL; older documents have none. */
  intent?: Intent;
  ticker: string;
  confidence: number;
  reasoning: string;
}

export interface Decision {
  session_id: string;
  timestamp: Timestamp;
  slot: string | null;
  expires_at: Timestamp;
  allocation_decisions: Verdict[];
  disabled_decisions?: Verdict[];
  signals: Record<string, LoggedSignal>;
  signals_modified: Record<string, string>;
  systemic_risk_detected: boolean;
  systemic_risk_details: string | null;
  strategy_errors: Record<string, string>;
  load_errors: Record<string, string>;
  input_issues: { reason_code: string; detail: string }[];
  ai_summary: string;
  ai_summary_source: string;
  policy_version: number;
  duration_ms: number;
}

/** Return what was decided for every strategy, disabled ones last. */
export const verdictsOf = (decision: Decision): Verdict[] => [
  ...decision.allocation_decisions,
  ...(decision.disabled_decisions ?? []),
];

export interface StoredPolicy {
  version?: number;
  updated_at?: Timestamp;
  updated_by?: string;
  /** By name, when a strategy that is switched off by hand is on again; null: until someone switches it on. */
  disabled_strategies?: Record<string, Timestamp | null>;
  /** IANA's name; the default's if missing. */
  time_zone?: unknown;
  trading_state?: TradingState;
  trading_state_reason?: string | null;
  trading_state_until?: Timestamp | null;
  trading_state_at?: Timestamp;
  trading_state_by?: string;
}

export interface Account {
  equity?: number | string | null;
  buying_power?: number | string | null;
  as_of: Timestamp;
}

export interface Alert {
  kind: string;
  severity: "INFO" | "WARNING" | "CRITICAL";
  state: "OPEN" | "ACKNOWLEDGED" | "RESOLVED";
  title: string;
  detail: string;
  opened_at: Timestamp;
  acknowledged_by: string | null;
  resolved_at?: Timestamp | null;
  /** Where on the dashboard what it is about is shown; alerts from before have none. */
  page?: string;
}

export interface Fill {
  kind?: string;
  strategy_id?: string;
  strategyId?: string;
  symbol?: string;
  side?: string;
  qty?: number;
  quantity?: number;
  price?: number;
  amount?: number;
  fees?: number;
  slippage?: number;
  ts: Timestamp;
  nonce?: string | null;
  order_id?: string | null;
}

export interface Month {
  strategy_id: string;
  book: "live" | "shadow";
  /** YYYY-MM; months from before days were sessions have none, and begin with the calendar's. */
  month?: string;
  period_start: Timestamp;
  pnl: number;
  return_fraction: number;
  sharpe_ratio: number | null;
  max_drawdown: number | null;
  win_rate: number | null;
  trading_days: number;
  fills: number;
}

export interface Membership {
  role: Role;
  email?: string;
  disabled?: boolean;
}

/** The API's answers, as its own document has them: `npm run types` writes them again. */
type Answers = components["schemas"];
export type Broker = Answers["Broker"];
export type ChannelTest = Answers["ChannelTest"];
export type ShownChannel = Answers["ShownChannel"];
export type Curve = Answers["Curve"];
export type StrategyCurves = Answers["StrategyCurve"];
export type OpenLots = Answers["OpenPositions"];
export type LivePosition = Answers["LivePosition"];
export type LivePositions = Answers["LivePositions"];
export type OrderUnderWay = Answers["OrderUnderWay"];
export type Reservations = Answers["AllReserved"];
export type Policy = Answers["Policy"];
export type PolicyVersion = Answers["PolicyVersion"];
