import { describe, expect, it } from "vitest";
import type { Cockpit, Session } from "./cockpit";
import { benchmarkOf, comparedOf, rawOf, runsOfLine } from "./compared";
import { curveOf, lastOf, moneyOf } from "./money";

const session = (day: string, equity: number, benchmark: number | null = null, flows = 0): Session => ({
  day,
  equity,
  flows,
  benchmark,
});

describe("raw", () => {
  const curve = curveOf([session("1", 100), session("2", 110), session("3", 120), session("4", 130)]);
  it("goes on from the account where it begins, and has a gap where nobody knows", () => {
    expect(rawOf(curve, new Map([["3", -4]]))).toEqual([null, 10, 6, null]);
    const gap = new Map([
      ["2", 5],
      ["4", -1],
    ]);
    expect(rawOf(curve, gap)).toEqual([0, 5, null, 4]);
  });
  it("is nothing without a session in common", () => {
    expect(rawOf(curve, new Map([["1", 5]]))).toEqual([null, null, null, null]);
    expect(rawOf(curve, new Map())).toEqual([null, null, null, null]);
  });
});

describe("benchmark", () => {
  const lineOf = (sessions: Session[]) => benchmarkOf(sessions, curveOf(sessions));
  it("takes flows as they came, and they are no profit", () => {
    const sessions = [session("1", 100, 10), session("2", 200, 11, 100), session("3", 200, 22)];
    expect(lineOf(sessions).map((value) => value?.toFixed(2))).toEqual(["0.00", "10.00", "220.00"]);
  });
  it("begins with its first price at the account's P&L, and a session without one is a gap", () => {
    const sessions = [session("1", 100), session("2", 150, 10), session("3", 150, null, 50), session("4", 150, 20)];
    expect(lineOf(sessions)).toEqual([null, 50, null, 250]);
  });
});

describe("the account's curve", () => {
  const cockpit = {
    day: "3",
    equity: 120,
    flows: 0,
    history: [session("1", 100, 10), session("2", 110, 11)],
    benchmark_price: 12,
    base_equity: 110,
  } as unknown as Cockpit;
  it("has both beside it, and a shorter range counts all of them from 0", () => {
    const money = moneyOf(cockpit, null, new Map([["2", 7]]));
    expect(money?.curve.map(({ raw }) => raw)).toEqual([0, 7, null]);
    expect(money?.curve.map(({ benchmark }) => benchmark?.toFixed(2))).toEqual(["0.00", "10.00", "20.00"]);
    expect(lastOf(money?.curve ?? [], 1).map(({ pnl, benchmark, raw }) => [pnl, benchmark?.toFixed(2), raw])).toEqual([
      [0, "0.00", 0],
      [10, "10.00", null],
    ]);
  });
});

describe("a line beside the account's", () => {
  it("says what it and the account made since it began, and how far it fell", () => {
    const points = curveOf([100, 90, 95, 120].map((equity, at) => session(`${at}`, equity)));
    const lined = points.map((point, at) => ({ ...point, raw: [null, 5, -3, 4][at] ?? null }));
    expect(comparedOf(lined, ({ raw }) => raw)).toEqual({ from: "1", pnl: -1, maxDrawdown: -8, account: 30 });
    expect(comparedOf(lined.slice(0, 2), ({ raw }) => raw)).toBeNull();
  });
  it("is drawn in runs without gaps", () => {
    expect(runsOfLine([null, 1, 2, null, 3])).toEqual([
      { at: 1, values: [1, 2] },
      { at: 4, values: [3] },
    ]);
  });
});
