import type { Timestamp } from "firebase/firestore";
import { describe, expect, it } from "vitest";
import type { Fill } from "../model";
import { type Cockpit, type Mark, symbolKey } from "./cockpit";
import { positionKey, todayOf } from "./today";

const at = (minutes: number): Timestamp =>
  ({ toDate: () => new Date(Date.UTC(2026, 10, 25, 14, minutes)) }) as unknown as Timestamp;
const cockpit = (marks: Record<string, Mark>): Cockpit =>
  ({ marks, baseAt: new Date(Date.UTC(2026, 10, 25, 14, 0)) }) as unknown as Cockpit;
const KO = cockpit({ KO: { price: 52, base: 50 } });
const held = (qty: number, price: number | null = 52) => [{ strategy_id: "Trend", symbol: "KO", qty, price }];
const fill = (side: string, qty: number, price: number, other: Partial<Fill> = {}): Fill => ({
  strategy_id: "Trend",
  symbol: "KO",
  side,
  qty,
  price,
  ts: at(5),
  ...other,
});
const trend = (...given: Parameters<typeof todayOf>) => todayOf(...given).byStrategy.get("Trend");

describe("today", () => {
  it("is the move since the base of what was held, and of what is short", () => {
    expect(trend(KO, held(10), [])).toBe(20);
    expect(trend(KO, held(-10), [])).toBe(-20);
  });
  it("counts what was bought from its own price, less its fee", () => {
    expect(trend(KO, held(10), [fill("buy", 10, 51, { fees: 1 })])).toBe(9);
  });
  it("counts what was sold up to its price, when nothing is left too", () => {
    expect(trend(KO, [], [fill("sell", 10, 53)])).toBe(30);
    expect(trend(KO, [], [fill("buy", 4, 51), fill("sell", 4, 53)])).toBe(8);
    expect(trend(KO, [], [fill("sell_short", 4, 53), fill("buy", 4, 51)])).toBe(8);
  });
  it("does not count what was traded before the base", () => {
    expect(trend(KO, held(10), [fill("buy", 10, 40, { ts: at(0) })])).toBe(20);
  });
  it("is unknown without a price, a base, or all the fills, and then so is the strategy's", () => {
    expect(trend(cockpit({}), held(10), [])).toBeNull();
    expect(trend(cockpit({ KO: { price: 52, base: null } }), held(10, null), [])).toBeNull();
    expect(trend(KO, held(10), null)).toBeNull();
    const both = [...held(10), { strategy_id: "Trend", symbol: "XOM", qty: 1, price: 9 }];
    expect(trend(KO, both, [])).toBeNull();
    expect(todayOf(KO, both, []).byPosition.get(positionKey("Trend", "KO"))).toBe(20);
  });
  it("is unknown where a split or an amendment came, and not moved by a deposit", () => {
    expect(trend(KO, held(10), [{ strategy_id: "Trend", symbol: "KO", kind: "split", ts: at(5) }])).toBeNull();
    expect(trend(KO, held(10), [{ kind: "deposit", amount: 500, ts: at(5) }])).toBe(20);
    expect(trend(KO, held(10), [{ strategy_id: "Trend", kind: "fee", amount: 3, ts: at(5) }])).toBe(17);
  });
  it("tells symbols apart by what they are and not by how they are spelled", () => {
    expect(symbolKey("btc/usd")).toBe(symbolKey("BTCUSD"));
  });
});
