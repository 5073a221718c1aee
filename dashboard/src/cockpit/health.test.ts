import { describe, expect, it } from "vitest";
import { checksOf, type HealthState, worstOf } from "./health";
import type { Known } from "./health-sources";

const NOW = new Date("2026-11-25T15:42:00Z");
const ago = (minutes: number): Date => new Date(NOW.getTime() - minutes * 60_000);

const FED = { status: "OK", detail: "5 symbols", at: ago(0.5) } as const;
const WELL: Known = {
  isOffline: false,
  maxAgeSeconds: 900,
  pricesAsOf: ago(1),
  accountAsOf: ago(1),
  lastCycle: ago(2),
  missed: false,
  answered: { failed: [], of: 9 },
  broker: { status: "CONNECTED", failingSince: null, feed: FED },
  drift: { lasting: [], seenOnce: 0, unknownBecause: null, holds: "Held." },
  night: { session: "2026-11-24", status: "DONE", error: null, differs: 0, skipped: 0 },
  sessions: ["2026-11-23", "2026-11-24"],
};

function of(name: string, fields: Partial<Known>): { state: HealthState; short: string } {
  const found = checksOf({ ...WELL, ...fields }, NOW).find((check) => check.name === name);
  if (found === undefined) {
    throw new Error(name);
  }
  return { state: found.state, short: found.short };
}

describe("health", () => {
  it("is green where all was checked", () => {
    expect(checksOf(WELL, NOW).map(({ state }) => state)).toEqual(Array(7).fill("ok"));
  });
  it("is green nowhere while nobody can look", () => {
    expect(new Set(checksOf({ ...WELL, isOffline: true }, NOW).map(({ state }) => state))).toEqual(
      new Set(["unknown"]),
    );
  });
  it.each([
    ["Prices", { pricesAsOf: undefined }],
    ["Account", { accountAsOf: undefined }],
    ["Account", { maxAgeSeconds: null }],
    ["Broker", { broker: undefined }],
    ["Cycle", { lastCycle: undefined }],
    ["Cycle", { missed: undefined }],
    ["Strategies", { answered: undefined }],
    ["Books", { drift: undefined }],
    ["Books", { drift: null }],
    ["Night", { night: undefined }],
  ] as [string, Partial<Known>][])("%s is unknown, and not green, where it cannot be read", (name, fields) => {
    expect(of(name, fields).state).toBe("unknown");
  });

  it("says by how much a cycle is late once the server misses it, and that none is due before", () => {
    const last = { lastCycle: ago(17), missed: true };
    expect(of("Cycle", last)).toEqual({ state: "bad", short: "12 min late" });
    expect(of("Cycle", { ...last, missed: false })).toEqual({ state: "rest", short: "17 min ago" });
    expect(of("Cycle", { lastCycle: null })).toEqual({ state: "unknown", short: "none yet" });
  });
  it("says how old prices and account are, beside their limit", () => {
    expect(of("Prices", { pricesAsOf: ago(22) })).toEqual({ state: "late", short: "22 min old, limit 15 min" });
    expect(of("Account", { accountAsOf: null }).state).toBe("bad");
    expect(of("Account", { accountAsOf: ago(22), lastCycle: ago(800) }).state).toBe("rest");
    expect(of("Account", { accountAsOf: ago(22), lastCycle: ago(800), missed: true }).state).toBe("late");
  });
  it("says how a feed from the broker ended", () => {
    const broker = { status: "CONNECTED", failingSince: ago(12), feed: { ...FED, status: "FAILED" } } as const;
    expect(of("Broker", { broker })).toEqual({ state: "bad", short: "fails for 12 min" });
    expect(of("Broker", { broker: { ...broker, feed: { ...FED, status: "BEHIND" } } }).state).toBe("late");
    const old = { broker: { ...broker, failingSince: null, feed: { ...FED, at: ago(17) } } };
    expect(of("Broker", old)).toEqual({ state: "late", short: "12 min late" });
    expect(of("Broker", { ...old, lastCycle: ago(17) }).state).toBe("rest");
    expect(of("Broker", { broker: null })).toEqual({ state: "rest", short: "none connected" });
    expect(of("Broker", { broker: { ...broker, feed: null } }).state).toBe("unknown");
  });
  it("takes books for compared only while the broker is read", () => {
    const drift = { lasting: ["KO"], seenOnce: 1, unknownBecause: null, holds: "" };
    expect(of("Books", { drift })).toEqual({ state: "late", short: "KO differs" });
    expect(of("Books", { drift: { ...drift, lasting: ["KO", ""] } }).short).toBe("2 differ");
    expect(of("Books", { drift: { ...drift, lasting: [] } }).state).toBe("ok");
    expect(of("Books", { broker: null }).state).toBe("unknown");
    expect(of("Books", { drift: { ...drift, lasting: [], unknownBecause: "it is closed" } }).state).toBe("unknown");
  });
  it("counts the sessions that no night has done", () => {
    const job = { session: "2026-11-20", status: "DONE", error: null, differs: 0, skipped: 0 } as const;
    expect(of("Night", { night: job })).toEqual({ state: "late", short: "2 sessions late" });
    expect(of("Night", { night: { ...job, status: "FAILED", error: "StoreUnavailable" } }).state).toBe("bad");
    const last = { ...job, session: "2026-11-24" };
    expect(of("Night", { night: { ...last, status: "RUNNING" } }).state).toBe("rest");
    expect(of("Night", { night: { ...last, differs: 2 } })).toEqual({ state: "late", short: "2 differ" });
    expect(of("Night", { night: { ...last, skipped: 3 } }).state).toBe("late");
    expect(of("Night", { night: null })).toEqual({ state: "late", short: "none since 2026-11-24" });
    expect(of("Night", { night: null, sessions: [] }).state).toBe("rest");
  });
  it("shows the worst one first where there is room for one", () => {
    const checks = checksOf({ ...WELL, broker: null, lastCycle: ago(17), missed: true }, NOW);
    expect(worstOf(checks)?.name).toBe("Cycle");
    expect(worstOf(checksOf(WELL, NOW))?.state).toBe("ok");
  });
});
