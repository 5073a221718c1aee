import { describe, expect, it } from "vitest";
import type { Cockpit } from "./cockpit";
import { curveOf, lastOf, moneyOf } from "./money";
import { scaleOf } from "./scale";

const EMPTY = { history: [], strategies: {}, marks: {}, entries: [] };
const COCKPIT = {
  ...EMPTY,
  day: "2026-11-25",
  equity: 103_000,
  base_equity: 102_000,
  flows: 0,
  peak: 104_000,
  day_start: 102_000,
  daily_loss_limit: 0.02,
  max_drawdown: 0.1,
} as unknown as Cockpit;
const with_ = (fields: Partial<Cockpit>): Cockpit => ({ ...COCKPIT, ...fields });

describe("money", () => {
  it("counts a deposit as no profit, today and in all", () => {
    const history = [
      { day: "2026-11-23", equity: 100_000, flows: 0, benchmark: null },
      { day: "2026-11-24", equity: 102_000, flows: 1_000, benchmark: null },
    ];
    const money = moneyOf(with_({ history, equity: 107_000, flows: 5_000 }));
    expect(money?.today).toBe(0);
    expect(money?.total).toBe(1_000);
    expect(money?.since).toBe("2026-11-23");
    expect(money?.totalShare).toBeCloseTo(0.01);
  });
  it("says what is left until the daily breaker, and never less than nothing", () => {
    expect(moneyOf(COCKPIT)?.left).toBeCloseTo(103_000 - 102_000 * 0.98);
    expect(moneyOf(with_({ equity: 90_000 }))?.left).toBe(0);
    expect(moneyOf(with_({ daily_loss_limit: null }))?.left).toBeNull();
  });
  it("takes the newer equity, and knows nothing without any", () => {
    expect(moneyOf(COCKPIT, { usd: 103_500, at: new Date(0) })?.today).toBe(1_500);
    expect(moneyOf(with_({ equity: null }))).toBeNull();
    expect(moneyOf(with_({ base_equity: null }))?.today).toBeNull();
  });
  it("measures the drawdown from the breaker's peak, else from the curve's", () => {
    expect(moneyOf(COCKPIT)?.drawdown).toBeCloseTo(103_000 / 104_000 - 1);
    expect(moneyOf(with_({ equity: 105_000 }))?.drawdown).toBe(0);
    expect(moneyOf(with_({ peak: null, equity: 91_800 }))?.drawdown).toBeCloseTo(-0.1);
  });
});

describe("curve", () => {
  it("falls by what was lost and not by what was withdrawn", () => {
    const curve = curveOf([
      { day: "1", equity: 100, flows: 0, benchmark: null },
      { day: "2", equity: 50, flows: -50, benchmark: null },
      { day: "3", equity: 45, flows: 0, benchmark: null },
    ]);
    expect(curve.map((point) => point.pnl)).toEqual([0, 0, -5]);
    expect(curve[1]?.drawdown).toBe(0);
    expect(curve[2]?.drawdown).toBeCloseTo(-0.1);
  });
  it("counts a shorter range from 0 again", () => {
    const curve = curveOf([100, 110, 120].map((equity, at) => ({ day: `${at}`, equity, flows: 0, benchmark: null })));
    expect(lastOf(curve, 1).map((point) => point.pnl)).toEqual([0, 10]);
  });
});

describe("scale", () => {
  it("holds the values and 0 between round figures", () => {
    expect(scaleOf([-4_200, 6_100]).ticks).toEqual([-5_000, 0, 5_000, 10_000]);
    expect(scaleOf([0])).toEqual({ low: 0, high: 1, ticks: [0, 1] });
  });
});
