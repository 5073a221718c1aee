import { describe, expect, it } from "vitest";
import { axisOf, intervalOf } from "./ratio";
import {
  correlationOf,
  growthOf,
  maxDrawdownOf,
  pnlOf,
  type Results,
  resultsOf,
  runsOf,
  withOthersOf,
} from "./results";

const packed = (bytes: ArrayBufferLike) => ({ toUint8Array: () => new Uint8Array(bytes) });
const NAN = Number.NaN;
const results = (returns: (number | null)[], pnl: (number | null)[] = []): Results => ({ returns, pnl, modes: [] });

describe("results", () => {
  it("are unpacked by strategy, and NaN is nothing", () => {
    const all = resultsOf({
      strategy_names: ["A", "B"],
      dates: ["2026-11-23", "2026-11-24"],
      returns: packed(new Float32Array([0.5, NAN, 0.25, -0.5]).buffer),
      pnl: packed(new Float32Array([10, NAN, NAN, -4]).buffer),
      modes: packed(new Uint8Array([1, 0, 3, 4]).buffer),
      raw: packed(new Float64Array([NAN, -12.5]).buffer),
    });
    expect([...all.raw]).toEqual([["2026-11-24", -12.5]]);
    expect(all.byStrategy.get("A")).toEqual({ returns: [0.5, null], pnl: [10, null], modes: ["ACTIVE", null] });
    expect(all.byStrategy.get("B")?.modes).toEqual(["SHADOW_MODE", "DISABLED"]);
  });
  it("add up the newest sessions, and an unknown sum is not 0", () => {
    expect(pnlOf(results([], [1, 2, null, 4]), 2)).toBe(4);
    expect(pnlOf(results([], [null, null]), 2)).toBeNull();
  });
  it("compound, and fall from their peak", () => {
    const record = results([null, 0.1, -0.5, null]);
    expect(growthOf(record).map((value) => value?.toFixed(2))).toEqual([undefined, "0.10", "-0.45", "-0.45"]);
    expect(maxDrawdownOf(record)).toBeCloseTo(-0.5);
    expect(maxDrawdownOf(results([null]))).toBeNull();
  });
  it("run in one mode at a time", () => {
    const runs = runsOf({ returns: [], pnl: [], modes: ["ACTIVE", "ACTIVE", null, "ACTIVE", "REDUCED"] });
    expect(runs.map(({ from, to }) => [from, to])).toEqual([
      [0, 2],
      [3, 4],
      [4, 5],
    ]);
  });
});

describe("correlation", () => {
  const up = Array.from({ length: 12 }, (_, at) => at / 100);
  it("is 1 of the same, -1 of the opposite, and unknown of too few sessions in common", () => {
    expect(correlationOf(results(up), results(up))).toBeCloseTo(1);
    expect(correlationOf(results(up), results(up.map((value) => -value)))).toBeCloseTo(-1);
    expect(correlationOf(results(up), results(up.map((value, at) => (at < 3 ? null : value))))).toBeNull();
    expect(correlationOf(results(up), results(up.map(() => 0.01)))).toBeNull();
  });
  it("with others leaves out whom nothing is known of", () => {
    const byStrategy = new Map<string, Results>([
      ["A", results(up)],
      ["B", results(up)],
      ["C", results(up.map(() => null))],
    ]);
    const all = { dates: [], byStrategy, raw: new Map() };
    expect(withOthersOf("A", all)).toBeCloseTo(1);
    expect(withOthersOf("C", all)).toBeNull();
  });
});

describe("interval", () => {
  it("is 1.6449 standard errors on either side, and unknown without one", () => {
    expect(intervalOf(1, 2)).toEqual({ low: 1 - 2 * 1.6449, high: 1 + 2 * 1.6449 });
    expect(intervalOf(1, null)).toBeNull();
    expect(intervalOf(null, 2)).toBeNull();
  });
  it("is drawn on one axis that holds all and the thresholds", () => {
    expect(axisOf([null, { low: -3, high: 0 }], [0.5, 4])).toEqual({ low: -3, high: 4 });
  });
});
