import { describe, expect, it } from "vitest";
import { amountOf, type Difference, driftOf, holdOf } from "./drift";

const KO: Difference = {
  subject: "position",
  symbol: "KO",
  broker: 172,
  book: 160,
  kind: "manual trade",
  since: "2026-11-25T14:38:00+00:00",
  is_drift: true,
};

describe("drift", () => {
  it("comes before what was seen once", () => {
    const stored = { differences_json: JSON.stringify([{ ...KO, is_drift: false }, KO]), unknown_because: null };
    expect(driftOf(stored).differences.map((one) => one.is_drift)).toEqual([true, false]);
  });
  it("has no amount where a figure is not known", () => {
    expect(amountOf(KO)).toBe(12);
    expect(amountOf({ ...KO, book: null })).toBeNull();
  });
  it("holds what the policy says, as the server decides it", () => {
    expect(holdOf(KO, "hold")).toBe("held for KO");
    expect(holdOf(KO, "halt")).toBe("all held");
    expect(holdOf(KO, "warn")).toBe("not held");
    expect(holdOf(KO, null)).toBe("n/a");
    expect(holdOf({ ...KO, is_drift: false }, "halt")).toBe("seen once");
    expect(holdOf({ ...KO, subject: "reservation" }, "halt")).toBe("not held");
    expect(holdOf({ ...KO, subject: "cash", symbol: "" }, "hold")).toBe("not held");
  });
});
