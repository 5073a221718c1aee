/** What the file of each table has: every figure as it is, unrounded, and more of it than the page shows. */

import type { Fields } from "../csv";
import { timeOf } from "../format";
import type { Entry } from "../live";
import type {
  Alert,
  Fill,
  LivePosition,
  LivePositions,
  Month,
  OpenLots,
  OrderUnderWay,
  PolicyVersion,
  Reservations,
} from "../model";
import { textOf } from "../policy-values";
import type { Entry as Decided } from "./cockpit";
import type { Row } from "./rows";
import { positionKey, type Today } from "./today";

/** A stored figure; a user's own writer may have left a text. */
const figure = (value: unknown): number | null => (value == null || value === "" ? null : Number(value));

export const STRATEGIES: Fields<Row> = {
  strategy: (row) => row.name,
  mode: (row) => row.verdict.mode,
  mode_since: (row) => timeOf(row.now?.since),
  asked_share: (row) => row.verdict.original_allocation,
  allowed_share: (row) => row.verdict.final_allocation,
  in_use_usd: (row) => row.now?.in_use,
  in_use_share: (row) => row.inUse,
  today_usd: (row) => row.today,
  sessions_30_usd: (row) => row.sessions30,
  sessions_90_usd: (row) => row.sessions90,
  max_drawdown_share: (row) => row.maxDrawdown,
  sharpe_ratio: (row) => row.ratio,
  interval_low: (row) => row.interval?.low,
  interval_high: (row) => row.interval?.high,
  probability_above_0: (row) => row.verdict.probabilistic_sharpe_ratio,
  active_days: (row) => row.verdict.data_points,
  correlation_with_others: (row) => row.withOthers,
  last_action: (row) => row.now?.last?.[0],
  last_symbol: (row) => row.now?.last?.[1],
  last_signal_at: (row) => timeOf(row.now?.last?.[2]),
  reason_code: (row) => row.verdict.reason_code,
  reasoning: (row) => row.verdict.reasoning,
};

export const positionFields = (today: Today | null): Fields<LivePosition> => ({
  strategy: (one) => one.strategy_id,
  mode: (one) => one.mode,
  symbol: (one) => one.symbol,
  quantity: (one) => one.qty,
  average_price_usd: (one) => one.average_price,
  price_usd: (one) => one.price,
  today_usd: (one) => today?.byPosition.get(positionKey(one.strategy_id, one.symbol)),
  unrealised_usd: (one) => one.unrealized_pnl,
  exits_under_way: (one) => one.exits_under_way,
});

export const ORDERS: Fields<OrderUnderWay> = {
  strategy: (one) => one.strategy_id,
  intent: (one) => one.intent,
  symbol: (one) => one.symbol,
  at_most: (one) => one.qty,
  filled: (one) => one.filled_qty,
  lapses_at: (one) => timeOf(one.lapses_at),
  is_lapsed: (one) => one.is_lapsed,
  nonce_prefix: (one) => one.nonce_prefix,
};

export const UNOWNED: Fields<NonNullable<LivePositions["unowned"]>[number]> = {
  symbol: (one) => one.symbol,
  quantity: (one) => one.qty,
};

export const RESERVATIONS: Fields<Reservations["items"][number]> = {
  strategy: (one) => one.strategy_id,
  action: (one) => one.action,
  symbol: (one) => one.symbol,
  status: (one) => one.status,
  is_lapsed: (one) => one.is_lapsed,
  reserved_usd: (one) => one.notional,
  spent_usd: (one) => one.spent,
  redeemed_at: (one) => timeOf(one.redeemed_at),
  lapses_at: (one) => timeOf(one.lapses_at),
  nonce_prefix: (one) => one.nonce_prefix,
};

export const LOTS: Fields<OpenLots["items"][number]> = {
  strategy: (one) => one.strategy_id,
  user: (one) => one.uid,
  book: (one) => one.book,
  symbol: (one) => one.symbol,
  quantity: (one) => one.qty,
  average_price_usd: (one) => one.average_price,
  mark_usd: (one) => one.mark,
  unrealised_usd: (one) => one.unrealized_pnl,
  lots: (one) => one.lots,
};

export const FILLS: Fields<Entry<Fill>> = {
  id: (one) => one.id,
  time: ({ value }) => timeOf(value.ts),
  strategy: ({ value }) => value.strategy_id ?? value.strategyId,
  kind: ({ value }) => value.kind ?? "fill",
  side: ({ value }) => value.side,
  symbol: ({ value }) => value.symbol,
  quantity: ({ value }) => figure(value.qty ?? value.quantity),
  price_usd: ({ value }) => figure(value.price),
  amount_usd: ({ value }) => figure(value.amount),
  fees_usd: ({ value }) => figure(value.fees),
  slippage: ({ value }) => figure(value.slippage),
  nonce_prefix: ({ value }) => value.nonce?.slice(0, 8),
};

export const MONTHS: Fields<Entry<Month>> = {
  month: ({ value }) => value.month ?? timeOf(value.period_start)?.toISOString().slice(0, 7),
  strategy: ({ value }) => value.strategy_id,
  book: ({ value }) => value.book,
  pnl_usd: ({ value }) => value.pnl,
  return_share: ({ value }) => value.return_fraction,
  sharpe_ratio: ({ value }) => value.sharpe_ratio,
  drawdown_share: ({ value }) => value.max_drawdown,
  win_rate: ({ value }) => value.win_rate,
  trading_days: ({ value }) => value.trading_days,
  fills: ({ value }) => value.fills,
};

export const DECIDED: Fields<Decided> = {
  time: (one) => timeOf(one.at),
  session: (one) => one.session_id,
  strategy: (one) => one.strategy,
  mode_before: (one) => one.from,
  mode: (one) => one.mode,
  proposed: (one) => one.was,
  became: (one) => one.action,
  intent: (one) => one.intent,
  symbol: (one) => one.symbol,
  asked_share: (one) => one.asked,
  allowed_share: (one) => one.allowed,
  changed_by: (one) => one.change,
  reason_code: (one) => one.why,
};

export const ALERTS: Fields<Entry<Alert>> = {
  id: (one) => one.id,
  opened_at: ({ value }) => timeOf(value.opened_at),
  resolved_at: ({ value }) => timeOf(value.resolved_at),
  kind: ({ value }) => value.kind,
  severity: ({ value }) => value.severity,
  state: ({ value }) => value.state,
  title: ({ value }) => value.title,
  detail: ({ value }) => value.detail,
  acknowledged_by: ({ value }) => value.acknowledged_by,
};

export const POLICY_VERSIONS: Fields<PolicyVersion> = {
  version: (one) => one.version,
  updated_at: (one) => timeOf(one.updated_at),
  updated_by: (one) => one.updated_by,
  changed: (one) => one.changed.map((name) => `${name}: ${textOf(one.policy[name]) || "default"}`).join("; "),
};
