/** Whether everything works: green only what was checked, late by how much, and unknown as its own state. */

import { day, spanOf } from "../format";
import type { Known } from "./health-sources";

export const STATES = ["ok", "rest", "unknown", "late", "bad"] as const;
/** `rest`: nothing is due. In the order in which a phone picks the worst one. */
export type HealthState = (typeof STATES)[number];

export interface Check {
  name: string;
  state: HealthState;
  /** A few words for the strip. */
  short: string;
  /** What it means and what follows. */
  detail: string;
  /** Heading of the runbook that repairs it. */
  runbook: string | null;
}

const SLOT_MS = 5 * 60_000;
/** From then on cycles are reported as missed, as by the server's own check. */
const MISSED_AFTER_MS = 2 * SLOT_MS;

/** Return all checks, in the order of the strip. */
export function checksOf(known: Known, now: Date): Check[] {
  const all = [prices(known, now), account(known, now), broker(known, now), cycle(known, now)];
  const found = [...all, strategies(known), books(known, now), night(known)];
  return known.isOffline ? found.map(unseen) : found;
}

/** What cannot be read now is not checked, whatever it was before. */
const unseen = (check: Check): Check => ({
  ...check,
  state: "unknown",
  short: "offline",
  detail: `This page is offline. Before, it was: ${check.short}.`,
});

/** Return the worst of all, the first of them in order. */
export const worstOf = (checks: Check[]): Check | null =>
  checks.toSorted((one, other) => STATES.indexOf(other.state) - STATES.indexOf(one.state))[0] ?? null;

const check = (name: string, state: HealthState, short: string, detail = "", runbook: string | null = null): Check => ({
  name,
  state,
  short,
  detail,
  runbook,
});

const old = (at: Date, now: Date): number => now.getTime() - at.getTime();

/** Whether no cycle is due: the last is long ago, and the server, which knows the market's hours, misses none. */
function isResting({ lastCycle, missed }: Known, now: Date): boolean {
  return missed === false && lastCycle instanceof Date && old(lastCycle, now) > MISSED_AFTER_MS;
}

function aged(name: string, at: Date | null | undefined, known: Known, now: Date): Check {
  const { maxAgeSeconds: most } = known;
  if (at === undefined) {
    return check(name, "unknown", "not known", "It could not be read.");
  }
  if (at === null) {
    return check(name, "bad", "none yet", "Nothing is stored: every BUY is held.", "Every BUY is HOLD");
  }
  const age = `${spanOf(old(at, now))} old`;
  if (most === null) {
    return check(name, "unknown", age, "No cycle has said yet how old it may be.");
  }
  if (old(at, now) <= 1_000 * most) {
    return check(name, "ok", age, `It may be ${spanOf(1_000 * most)} old.`);
  }
  const limit = `limit ${spanOf(1_000 * most)}`;
  return isResting(known, now)
    ? check(name, "rest", age, `No cycle is due (${limit}).`)
    : check(
        name,
        "late",
        `${age}, ${limit}`,
        "Every BUY is held until newer ones come; exits pass.",
        "Every BUY is HOLD",
      );
}

const prices = (known: Known, now: Date): Check => aged("Prices", known.pricesAsOf, known, now);
const account = (known: Known, now: Date): Check => aged("Account", known.accountAsOf, known, now);

const KEYS = "A broker's keys are lost, or its feed fails";

function broker(known: Known, now: Date): Check {
  const { broker: one } = known;
  if (one === undefined) {
    return check("Broker", "unknown", "not known", "It could not be read.");
  }
  if (one === null || one.status !== "CONNECTED") {
    const short = one === null ? "none connected" : "disconnected";
    return check(
      "Broker",
      "rest",
      short,
      "Account and prices come from your own feed; they are not compared with a broker.",
    );
  }
  const { feed } = one;
  if (feed === null) {
    return check("Broker", "unknown", "not read yet", "The first feed comes with the next slot.");
  }
  const at = `read ${spanOf(old(feed.at, now))} ago`;
  if (feed.status === "FAILED") {
    const since = one.failingSince === null ? "" : ` for ${spanOf(old(one.failingSince, now))}`;
    return check("Broker", "bad", `fails${since}`, `${feed.detail} Every BUY is held; exits pass.`, KEYS);
  }
  if (feed.status === "BEHIND") {
    return check("Broker", "late", "behind", `${feed.detail} Every BUY is held; exits pass.`, KEYS);
  }
  if (old(feed.at, now) <= MISSED_AFTER_MS) {
    return check("Broker", "ok", at, feed.detail);
  }
  return isResting(known, now)
    ? check("Broker", "rest", at, "It is read before each cycle; none is due.")
    : check("Broker", "late", `${spanOf(old(feed.at, now) - SLOT_MS)} late`, "It is read before each cycle.", KEYS);
}

const NO_DECISION = "No decision, and the market is open";

function cycle(known: Known, now: Date): Check {
  const { lastCycle: last, missed } = known;
  if (last === undefined || missed === undefined) {
    return check("Cycle", "unknown", "not known", "It could not be read.");
  }
  if (last === null) {
    return missed
      ? check("Cycle", "bad", "none yet", "The market is open, and no cycle has run.", NO_DECISION)
      : check("Cycle", "unknown", "none yet", "No cycle has run yet.");
  }
  const ago = `${spanOf(old(last, now))} ago`;
  if (old(last, now) <= MISSED_AFTER_MS) {
    return check("Cycle", "ok", ago, "One is due every five minutes while the market is open.");
  }
  return missed
    ? check(
        "Cycle",
        "bad",
        `${spanOf(old(last, now) - SLOT_MS)} late`,
        "The market is open: nothing is decided.",
        NO_DECISION,
      )
    : check("Cycle", "rest", ago, "None is due: the server's check, which knows the market's hours, missed none.");
}

function strategies({ answered }: Known): Check {
  if (answered === null || answered === undefined) {
    return check("Strategies", "unknown", "not known", "No cycle has run yet, or its decision could not be read.");
  }
  const { failed, of } = answered;
  return failed.length === 0
    ? check("Strategies", "ok", `${of} of ${of} answered`, "In the last cycle.")
    : check("Strategies", "late", `${failed.length} failed`, `In the last cycle: ${failed.join(", ")}.`);
}

const DIFFER = "Broker and books differ";

function books(known: Known, now: Date): Check {
  const { drift } = known;
  if (drift === undefined) {
    return check("Books", "unknown", "not known", "It could not be read.");
  }
  if (drift === null) {
    return check(
      "Books",
      "unknown",
      "not compared",
      "No broker has been read yet: it is unknown whether the books are right.",
    );
  }
  if (drift.unknownBecause !== null) {
    return check("Books", "unknown", "not compared", drift.unknownBecause, "The position book");
  }
  const count = drift.lasting.length;
  if (count > 0) {
    const noun = count === 1 ? `${drift.lasting[0] || "cash"} differs` : `${count} differ`;
    return check("Books", "late", noun, `Broker and books keep differing. ${drift.holds}`, DIFFER);
  }
  const reading = broker(known, now);
  if (reading.state !== "ok") {
    return check(
      "Books",
      reading.state === "rest" && known.broker?.status === "CONNECTED" ? "rest" : "unknown",
      "agreed when last read",
      `Nothing differed then. Broker: ${reading.short}.`,
      DIFFER,
    );
  }
  const once = drift.seenOnce === 0 ? "" : ` ${drift.seenOnce} seen once: it may be a fill on its way.`;
  return check("Books", "ok", "agree", `Positions, orders and cash are the broker's.${once}`);
}

function night({ night: job, sessions }: Known): Check {
  const PERFORMANCE = "Performance";
  if (job === undefined || sessions === undefined) {
    return check("Night", "unknown", "not known", "It could not be read.");
  }
  const due = sessions.at(-1);
  if (job === null) {
    return due === undefined
      ? check("Night", "rest", "still to come", "The first session's books are made after its close.")
      : check("Night", "late", `none since ${due}`, "No session's books were made.", PERFORMANCE);
  }
  const missing = sessions.filter((session) => session > job.session).length;
  if (job.status === "FAILED") {
    return check("Night", "bad", `${job.session} failed`, job.error ?? "It does not say why.", PERFORMANCE);
  }
  if (missing > 0) {
    const late = `${missing} ${missing === 1 ? "session" : "sessions"} late`;
    return check("Night", "late", late, `Books are made up to ${job.session}; modes are based on them.`, PERFORMANCE);
  }
  if (job.status !== "DONE") {
    return check("Night", "rest", `${job.session} runs`, "Days are being computed.");
  }
  if (job.differs > 0) {
    return check("Night", "late", `${job.differs} differ`, "Position book and ledger differ.", "The position book");
  }
  return job.skipped > 0
    ? check("Night", "late", `${job.skipped} skipped`, "Documents that could not be used are left out.", PERFORMANCE)
    : check(
        "Night",
        "ok",
        `done ${day(`${job.session}T12:00:00Z`)}`,
        "The session's books, windows and results are made.",
      );
}
