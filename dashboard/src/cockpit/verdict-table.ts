/** What the file of decisions has: a line for each strategy's part in each. */

import type { Fields } from "../csv";
import { timeOf } from "../format";
import type { Decision } from "../model";
import type { Part } from "./decided";

export const VERDICTS: Fields<{ decision: Decision; part: Part }> = {
  time: ({ decision }) => timeOf(decision.timestamp),
  session: ({ decision }) => decision.session_id,
  strategy: ({ part }) => part.verdict.strategy_name,
  mode_before: ({ part }) => part.verdict.previous_mode,
  mode: ({ part }) => part.verdict.mode,
  sharpe_ratio: ({ part }) => part.verdict.sharpe_ratio,
  proposed: ({ part }) => part.signal?.original_action ?? part.signal?.action,
  became: ({ part }) => part.signal?.action,
  intent: ({ part }) => part.signal?.intent,
  symbol: ({ part }) => part.signal?.ticker,
  asked_share: ({ part }) => part.verdict.original_allocation,
  allowed_share: ({ part }) => part.verdict.final_allocation,
  effect: ({ part }) => part.effect,
  reason_codes: ({ part }) => (part.verdict.reason_codes ?? [part.verdict.reason_code]).join(" "),
  reasoning: ({ part }) => part.verdict.reasoning,
  strategy_says: ({ part }) => part.signal?.reasoning,
};
