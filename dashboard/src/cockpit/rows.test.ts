import { describe, expect, it } from "vitest";
import type { Decision, Verdict } from "../model";
import type { Cockpit } from "./cockpit";
import { modesOf, restOf, rowsOf, sumOf } from "./rows";
import type { Today } from "./today";

const verdict = (name: string, mode: Verdict["mode"], ratio: number | null = 1): Verdict => ({
  strategy_name: name,
  original_allocation: 0.2,
  final_allocation: 0.2,
  mode,
  previous_mode: mode,
  reason_code: "SHARPE_HEALTHY",
  reasoning: "",
  sharpe_ratio: ratio,
  probabilistic_sharpe_ratio: 0.7,
  data_points: 30,
});
const decision = {
  allocation_decisions: [verdict("Shadowed", "SHADOW_MODE"), verdict("Good", "ACTIVE", Number.NaN)],
  disabled_decisions: [verdict("Off", "DISABLED")],
} as unknown as Decision;
const now = (in_use: number | null) => ({ since: "2026-11-01T00:00:00Z", until: null, in_use, error: 2, last: null });
const cockpit = {
  equity: 1_000,
  thresholds: [0.5, 1],
  strategies: { Good: now(250), Shadowed: now(null) },
} as unknown as Cockpit;
const today = (isWhole: boolean): Today => ({ isWhole, byStrategy: new Map([["Good", 7]]), byPosition: new Map() });

describe("rows", () => {
  it("begin with the best mode", () => {
    const rows = rowsOf(decision, null, null, null);
    expect(rows.map((row) => row.name)).toEqual(["Good", "Shadowed", "Off"]);
    expect(modesOf(rows)).toBe("1 active · 1 shadow · 1 disabled");
  });
  it("tell 0, which was counted, from what nobody knows", () => {
    expect(rowsOf(decision, cockpit, null, today(true)).map((row) => row.today)).toEqual([7, 0, 0]);
    expect(rowsOf(decision, cockpit, null, today(false)).map((row) => row.today)).toEqual([7, null, null]);
    expect(rowsOf(decision, cockpit, null, null).map((row) => row.today)).toEqual([null, null, null]);
    expect(rowsOf(decision, cockpit, null, null).map((row) => row.inUse)).toEqual([0.25, null, null]);
  });
  it("have no interval without a ratio, which is NaN in Firestore", () => {
    const [good, shadowed] = rowsOf(decision, cockpit, null, null);
    expect([good?.ratio, good?.interval]).toEqual([null, null]);
    expect(shadowed?.interval?.low).toBeCloseTo(1 - 2 * 1.6449);
  });
  it("add up to nothing known where one is not known", () => {
    expect(sumOf([1, null])).toBeNull();
    expect(sumOf([1, -3])).toBe(-2);
    expect(sumOf([])).toBe(0);
  });
  it("leave of the account's day what no strategy made, and nothing known where either is not", () => {
    const known = rowsOf(decision, cockpit, null, today(true));
    expect(restOf(-5, known)).toBe(-12);
    expect(restOf(null, known)).toBeNull();
    expect(restOf(-5, rowsOf(decision, cockpit, null, today(false)))).toBeNull();
  });
});
