import { afterEach, describe, expect, it } from "vitest";
import type { Decision, LoggedSignal, Verdict } from "../model";
import { setZone } from "../zone";
import { addressOf, askedOf, filterOf, isEntry, matching, moveOf, partsOf, rulesOf, spanOf } from "./decided";

const verdict = (strategy_name: string, more: Partial<Verdict> = {}): Verdict => ({
  strategy_name,
  original_allocation: 0.2,
  final_allocation: 0.2,
  mode: "ACTIVE",
  previous_mode: "ACTIVE",
  reason_code: "SHARPE_HEALTHY",
  reasoning: "",
  sharpe_ratio: 1,
  probabilistic_sharpe_ratio: 0.7,
  data_points: 30,
  ...more,
});
const signal = (action: LoggedSignal["action"], more: Partial<LoggedSignal> = {}): LoggedSignal => ({
  action,
  ticker: "KO",
  confidence: 0.8,
  reasoning: "as it says",
  ...more,
});
const held = {
  final_allocation: 0,
  reason_code: "SYSTEMIC_RISK",
  reason_codes: ["SHARPE_BELOW_REDUCE", "SYSTEMIC_RISK"],
};
const capped = {
  final_allocation: 0.1,
  reason_code: "GROSS_ALLOCATION_CAP",
  reason_codes: ["SHARPE_LOW_NOT_PROVEN", "GROSS_ALLOCATION_CAP"],
};
const decision = {
  allocation_decisions: [
    verdict("Held", held),
    verdict("Cut", { final_allocation: 0.1, mode: "REDUCED", reason_code: "SHARPE_BELOW_REDUCE" }),
    verdict("Paper", { final_allocation: 0, mode: "SHADOW_MODE", reason_code: "SHARPE_BELOW_SHADOW" }),
    verdict("Capped", capped),
    verdict("Whole"),
    verdict("Leaves", { final_allocation: 0.1, reasoning: "the target is reached" }),
  ],
  disabled_decisions: [verdict("Off", { final_allocation: 0, mode: "DISABLED", reason_code: "DISABLED_BY_POLICY" })],
  signals: {
    Held: signal("HOLD", { original_action: "BUY" }),
    Cut: signal("BUY", { intent: "ENTRY" }),
    Paper: signal("BUY", { intent: "ENTRY" }),
    Capped: signal("BUY", { intent: "ENTRY", ticker: "PEP" }),
    Whole: signal("BUY", { intent: "ENTRY", ticker: "AAPL" }),
    Leaves: signal("SELL", { intent: "EXIT" }),
    Off: signal("BUY", { intent: "ENTRY" }),
  },
  signals_modified: { Held: "BUY->HOLD (systemic risk)" },
  strategy_errors: {},
  load_errors: {},
  input_issues: [],
  systemic_risk_details: "4 strategies signal SELL",
  ai_summary: "All is calm",
} as unknown as Decision;
const names = (filter: Parameters<typeof matching>[1]) =>
  matching(decision, filter).map((part) => part.verdict.strategy_name);

afterEach(() => setZone(undefined));

describe("what rules did to a signal", () => {
  it("is stopped, cut, on paper, or nothing", () => {
    const effects = partsOf(decision).map(({ effect }) => effect);
    expect(effects).toEqual(["stopped", "cut", "paper", "cut", null, null, "stopped"]);
  });
  it("is counted by the rule that did it, with the strategies it met", () => {
    expect(rulesOf(partsOf(decision))).toEqual([
      { code: "DISABLED_BY_POLICY", stopped: 1, cut: 0, paper: 0, strategies: ["Off"] },
      { code: "SYSTEMIC_RISK", stopped: 1, cut: 0, paper: 0, strategies: ["Held"] },
      { code: "GROSS_ALLOCATION_CAP", stopped: 0, cut: 1, paper: 0, strategies: ["Capped"] },
      { code: "SHARPE_BELOW_REDUCE", stopped: 0, cut: 1, paper: 0, strategies: ["Cut"] },
      { code: "SHARPE_BELOW_SHADOW", stopped: 0, cut: 0, paper: 1, strategies: ["Paper"] },
    ]);
  });
});

describe("a filter", () => {
  it("asks for a strategy", () => {
    expect(names({ strategy: "Cut" })).toEqual(["Cut"]);
    expect(names({ strategy: "Nobody" })).toEqual([]);
  });
  it("asks for a rule, also one that only says how a strategy stands", () => {
    expect(names({ rule: "SYSTEMIC_RISK" })).toEqual(["Held"]);
    expect(names({ rule: "SHARPE_BELOW_REDUCE" })).toEqual(["Held", "Cut"]);
    expect(names({ rule: "SYSTEMIC_RISK", strategy: "Cut" })).toEqual([]);
  });
  it("asks for words of the reasons, in any case", () => {
    expect(names({ text: "TARGET is" })).toEqual(["Leaves"]);
    expect(names({ text: "aapl" })).toEqual(["Whole"]);
    expect(names({ text: "no such words" })).toEqual([]);
  });
  it("finds words of the whole decision only where no strategy or rule is asked for", () => {
    expect(names({ text: "calm" })).toHaveLength(7);
    expect(names({ text: "calm", strategy: "Cut" })).toEqual([]);
  });
  it("is in the address, and comes back from it", () => {
    const filter = { strategy: "A & B", rule: "DAILY_LOSS", text: "50 %", from: "2026-11-29" };
    const address = new URL(addressOf(filter), "https://x");
    expect(filterOf(Object.fromEntries(address.searchParams))).toEqual(filter);
    expect(addressOf({})).toBe("/decisions");
    expect(filterOf({ strategy: " ", other: "x" })).toEqual({});
  });
});

describe("the time of a filter", () => {
  it("is whole days of the tenant's zone, whatever the clocks do", () => {
    expect(spanOf({ from: "2026-11-01", to: "2026-11-01" })).toEqual({
      since: new Date("2026-11-01T04:00:00Z"),
      until: new Date("2026-11-02T05:00:00Z"),
    });
  });
  it("includes the minute that it ends with", () => {
    setZone("Etc/UTC");
    expect(spanOf({ to: "2026-11-29T10:00" })).toEqual({ since: null, until: new Date("2026-11-29T10:01:00Z") });
  });
  it("has no end where the address says none that can be read", () => {
    expect(spanOf({ from: "x", to: "y" })).toEqual({ since: null, until: null });
  });
});

describe("a change of mode", () => {
  it.each([
    ["REDUCED", "ACTIVE", "up"],
    ["DISABLED", "SHADOW_MODE", "up"],
    ["ACTIVE", "SHADOW_MODE", "down"],
    ["ACTIVE", "ACTIVE", null],
    [null, "ACTIVE", null],
  ] as const)("from %s to %s is %s", (previous_mode, mode, move) => {
    expect(moveOf(verdict("A", { previous_mode, mode }))).toBe(move);
  });
});

describe("what a signal asks for", () => {
  it.each([
    [signal("BUY"), "BUY", true],
    [signal("SELL"), "SELL", false],
    [signal("BUY", { intent: "EXIT" }), "BUY", false],
    [signal("SELL", { intent: "ENTRY" }), "SELL", true],
    [signal("HOLD", { original_action: "BUY", intent: "NOTHING" }), "BUY", true],
    [signal("HOLD", { original_action: "SELL", intent: "NOTHING" }), "SELL", false],
  ])("is a share of the buying power for an entry only", (one, action, takes) => {
    const asked = askedOf(one);
    expect(asked.action).toBe(action);
    expect(isEntry(asked.action, asked.intent)).toBe(takes);
  });
});
