/**
 * What each strategy made today: what it holds is worth now, with what its fills since paid and cost, less what it held
 * was worth at the base. Where a price or an entry leaves it unknown, it is null.
 */

import { timeOf } from "../format";
import type { Fill } from "../model";
import { type Cockpit, symbolKey } from "./cockpit";

export interface Holding {
  strategy_id: string;
  symbol: string;
  qty: number;
  price: number | null;
}

/** Kinds that move no position of a strategy, and no cash of it either. */
const OF_THE_ACCOUNT = new Set(["deposit", "withdrawal"]);
const CASH = new Set(["interest", "funding"]);

export interface Today {
  /** Whether every entry since the base is counted: a strategy that is not named then made 0, else it is unknown. */
  isWhole: boolean;
  /** By strategy, USD. */
  byStrategy: Map<string, number | null>;
  /** By strategy and symbol, as `positionKey` joins them. */
  byPosition: Map<string, number | null>;
}

export const positionKey = (strategy: string, symbol: string): string => `${strategy}\n${symbolKey(symbol)}`;

interface Tally {
  strategy: string;
  symbol: string;
  held: number;
  price: number | null;
  net: number;
  cash: number;
  isKnown: boolean;
}

/**
 * Count today.
 *
 * @param fills entries of the ledger since the base; null: not all of them are known.
 */
export function todayOf(cockpit: Cockpit, holdings: Holding[], fills: Fill[] | null): Today {
  const tallies = new Map<string, Tally>();
  const tally = (strategy: string, symbol: string): Tally => {
    const key = positionKey(strategy, symbol);
    const known = tallies.get(key);
    if (known !== undefined) {
      return known;
    }
    const price = cockpit.marks[symbolKey(symbol)]?.price ?? null;
    const fresh = { strategy, symbol, held: 0, price, net: 0, cash: 0, isKnown: fills !== null };
    tallies.set(key, fresh);
    return fresh;
  };
  for (const { strategy_id, symbol, qty, price } of holdings) {
    const one = tally(strategy_id, symbol);
    one.held = qty;
    one.price = price ?? one.price;
  }
  for (const fill of fills ?? []) {
    count(fill, cockpit, tally);
  }
  const today: Today = { isWhole: fills !== null, byStrategy: new Map(), byPosition: new Map() };
  for (const [key, one] of tallies) {
    const pnl = profitOf(one, cockpit.marks[symbolKey(one.symbol)]?.base ?? null);
    today.byPosition.set(key, pnl);
    const before = today.byStrategy.get(one.strategy);
    today.byStrategy.set(one.strategy, before === null || pnl === null ? null : (before ?? 0) + pnl);
  }
  return today;
}

function count(fill: Fill, cockpit: Cockpit, tally: (strategy: string, symbol: string) => Tally): void {
  const strategy = fill.strategy_id ?? fill.strategyId;
  const kind = fill.kind ?? "fill";
  const at = timeOf(fill.ts);
  if (strategy === undefined || strategy === "unowned" || OF_THE_ACCOUNT.has(kind)) {
    return;
  }
  const one = tally(strategy, fill.symbol ?? "");
  const [qty, price, side] = [Number(fill.qty ?? fill.quantity), Number(fill.price), String(fill.side).toLowerCase()];
  if (at !== null && at <= cockpit.baseAt) {
    return;
  }
  if (kind === "fee" || CASH.has(kind)) {
    one.cash += kind === "fee" ? -Math.abs(Number(fill.amount ?? Number.NaN)) : Number(fill.amount ?? Number.NaN);
  } else if (kind !== "fill" || !Number.isFinite(qty * price) || at === null) {
    one.isKnown = false; // a split, a dividend, an amendment: tonight's books count them
  } else {
    const units = side === "buy" ? Math.abs(qty) : -Math.abs(qty);
    one.net += units;
    one.cash -= units * price + Number(fill.fees ?? 0);
  }
}

function profitOf({ held, price, net, cash, isKnown }: Tally, base: number | null): number | null {
  const opened = Math.abs(held - net) < 1e-9 ? 0 : held - net;
  if (!isKnown || !Number.isFinite(cash) || (held !== 0 && price === null) || (opened !== 0 && base === null)) {
    return null;
  }
  return held * (price ?? 0) + cash - opened * (base ?? 0);
}
