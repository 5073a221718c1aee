import { describe, expect, it } from "vitest";
import { averagePrice, brief, percent, titleOf, usd } from "./format";
import { setZone } from "./zone";

describe("figures", () => {
  it.each([
    [0.125, 1, "12.5\u00a0%"],
    [-0.0301, 0, "\u22123\u00a0%"],
    [-0.0001, 1, "0.0\u00a0%"],
    [null, 1, "n/a"],
    [Number.NaN, 1, "n/a"],
  ])("say a share of %s, with a true minus and none before nothing", (share, digits, said) => {
    expect(percent(share, digits)).toBe(said);
  });
  it.each([
    [-1234.4, "\u22121,234\u00a0USD"],
    ["51080", "51,080\u00a0USD"],
    ["", "n/a"],
    [undefined, "n/a"],
  ])("say %s USD, and never 0 of what nobody said", (value, said) => {
    expect(usd(value)).toBe(said);
  });
  it.each([
    [498.92222, "498.92"],
    [0.01234567, "0.0123"],
    [9.8765, "9.8765"],
  ])("round an average price of %s", (value, said) => {
    expect(averagePrice(value)).toBe(said);
  });
});

describe("a time in brief", () => {
  const now = new Date("2026-11-29T17:05:00Z");
  it("has its zone, and its date where that is not today's", () => {
    setZone("America/New_York");
    expect(brief(new Date("2026-11-29T15:00:00Z"), now)).toBe("10:00\u00a0EST");
    expect(brief(new Date("2026-11-29T04:00:00Z"), now)).toBe("28\u00a0Nov\u00a02026, 23:00\u00a0EST");
  });
});

describe("an alert's title", () => {
  it.each([
    ["⚠️ Trend moved to SHADOW_MODE", "Trend moved to SHADOW_MODE"],
    ["📒 Trend still holds 40 AAPL", "Trend still holds 40 AAPL"],
    ["3 strategies signal SELL", "3 strategies signal SELL"],
  ])("loses the sign of %s", (title, said) => {
    expect(titleOf(title)).toBe(said);
  });
});
