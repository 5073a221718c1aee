import { describe, expect, it } from "vitest";
import { type Cell, csvOf, fileName } from "./csv";

const cell = (value: Cell): string => csvOf([value], { x: (one) => one }).slice("x\r\n".length, -2);

describe("a table as a file", () => {
  it("has a line of names, and ends every line as RFC 4180 says", () => {
    const rows = [
      { a: 1, b: "x" },
      { a: -2.5, b: "y" },
    ];
    expect(csvOf(rows, { first: (row) => row.a, second: (row) => row.b })).toBe("first,second\r\n1,x\r\n-2.5,y\r\n");
  });
  it("has its names where there is no row", () => {
    expect(csvOf([], { a: () => 1 })).toBe("a\r\n");
  });
  it.each([
    ['say "no"', '"say ""no"""'],
    ["a,b", '"a,b"'],
    ["a\nb", '"a\nb"'],
    ["plain – text", "plain – text"],
  ])("quotes %j as %j", (text, written) => {
    expect(cell(text)).toBe(written);
  });
  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1"])("runs no formula of a text like %j", (text) => {
    expect(cell(text).replace(/^"/, "").startsWith("'")).toBe(true);
  });
  it.each([
    ["a;=1+1", "a;'=1+1"],
    ['a,;"@SUM(A1)', '"a,;""\'@SUM(A1)"'],
    ["a\n=1+1", '"a\n\'=1+1"'],
    ["a\t+1", "a\t'+1"],
  ])("runs no formula of a later part of %j where semicolons or tabs part cells", (text, written) => {
    expect(cell(text)).toBe(written);
  });
  it.each(["a; b - c", "x=1", "a;b"])("leaves %j as it is", (text) => {
    expect(cell(text)).toBe(text);
  });
  it("leaves figures as they are", () => {
    expect([cell(-1234.5678), cell(0), cell(1e6), cell(true)]).toEqual(["-1234.5678", "0", "1000000", "true"]);
  });
  it.each([null, undefined, Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN)])("leaves %s empty", (value) => {
    expect(cell(value)).toBe("");
  });
  it("says times in UTC", () => {
    expect(cell(new Date("2026-11-29T05:00:00+02:00"))).toBe("2026-11-29T03:00:00.000Z");
  });
  it("is named by tenant, table and day", () => {
    expect(fileName("acme", "positions", new Date("2026-11-29T23:59:00Z"))).toBe("acme-positions-2026-11-29.csv");
  });
});
