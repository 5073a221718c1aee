/** What health is judged on, as documents say it; undefined: it could not be read, null: there is none. */

import type { Timestamp } from "firebase/firestore";
import { timeOf } from "../format";
import type { Entry, Live } from "../live";
import type { Account, Alert, Decision, LivePositions } from "../model";
import type { Cockpit } from "./cockpit";
import { type Drift, driftOf, type StoredDrift, wordsOf } from "./drift";

export interface StoredConnection {
  broker: string;
  is_live: boolean;
  /** The last digits of its number. */
  account: string;
  status: "CONNECTED" | "DISCONNECTED";
  feed: { at: Timestamp; status: "OK" | "BEHIND" | "FAILED"; detail: string } | null;
  failing_since: Timestamp | null;
}

export interface StoredJob {
  status: "RUNNING" | "DONE" | "FAILED";
  error: string | null;
  book_differs?: number;
  skipped_documents?: number;
}

export interface Known {
  isOffline: boolean;
  /** Of account and prices, as the last cycle applied it. */
  maxAgeSeconds: number | null;
  pricesAsOf: Date | null | undefined;
  accountAsOf: Date | null | undefined;
  lastCycle: Date | null | undefined;
  /** Whether the server's own check says that a cycle is missing. */
  missed: boolean | undefined;
  answered: { failed: string[]; of: number } | null | undefined;
  broker:
    | {
        status: StoredConnection["status"];
        failingSince: Date | null;
        feed: { at: Date; status: "OK" | "BEHIND" | "FAILED"; detail: string } | null;
      }
    | null
    | undefined;
  drift: { lasting: string[]; seenOnce: number; unknownBecause: string | null; holds: string } | null | undefined;
  night:
    | { session: string; status: StoredJob["status"]; error: string | null; differs: number; skipped: number }
    | null
    | undefined;
  /** Those that are over, oldest first. */
  sessions: string[] | undefined;
}

export interface Sources {
  isOffline: boolean;
  cockpit: Live<Cockpit | undefined>;
  decision: Live<Decision | undefined>;
  positions: Live<LivePositions>;
  account: Live<Account | undefined>;
  missed: Live<Alert | undefined>;
  broker: Live<StoredConnection | undefined>;
  drift: Live<StoredDrift | undefined>;
  jobs: Live<Entry<StoredJob>[]>;
}

/** Return what is known of one source; undefined while it is not. */
const of = <T, U>(live: Live<T>, read: (value: T) => U): U | undefined =>
  live.state === "ready" ? read(live.value) : undefined;

export function knownOf(from: Sources): Known {
  const cockpit = from.cockpit.state === "ready" ? from.cockpit.value : undefined;
  return {
    isOffline: from.isOffline,
    maxAgeSeconds: cockpit?.max_input_age_seconds ?? null,
    pricesAsOf: of(from.positions, (book) => timeOf(book.market_data_as_of)),
    accountAsOf: of(from.account, (one) => timeOf(one?.as_of)),
    lastCycle: of(from.decision, (one) => timeOf(one?.timestamp)),
    missed: of(from.missed, (alert) => alert !== undefined && alert.state !== "RESOLVED"),
    answered: of(from.decision, (one) => one && answeredOf(one)),
    broker: of(from.broker, (one) => brokerOf(one)),
    drift: of(from.drift, (one) => (one === undefined ? null : saidOf(driftOf(one), cockpit))),
    night: of(from.jobs, nightOf),
    sessions: of(from.cockpit, (one) => one?.history.map(({ day }) => day) ?? []),
  };
}

function answeredOf({ strategy_errors, load_errors, allocation_decisions, disabled_decisions }: Decision) {
  const failed = [...Object.keys(strategy_errors), ...Object.keys(load_errors)];
  return { failed, of: allocation_decisions.length + (disabled_decisions?.length ?? 0) };
}

function brokerOf(one: StoredConnection | undefined): Known["broker"] {
  if (one === undefined) {
    return null;
  }
  const at = timeOf(one.feed?.at);
  const feed = one.feed === null || at === null ? null : { ...one.feed, at };
  return { status: one.status, failingSince: timeOf(one.failing_since), feed };
}

function saidOf(drift: Drift, cockpit: Cockpit | undefined): Known["drift"] {
  const lasting = drift.differences.filter((one) => one.is_drift);
  return {
    lasting: [...new Set(lasting.map(({ symbol }) => symbol))],
    seenOnce: drift.differences.length - lasting.length,
    unknownBecause: drift.unknownBecause,
    holds: wordsOf(cockpit?.on_drift ?? null),
  };
}

/** The newest session's, of the newest jobs. */
function nightOf(jobs: Entry<StoredJob>[]): Known["night"] {
  const days = jobs.filter(({ id }) => id.startsWith("day-")).toSorted((one, other) => (one.id < other.id ? 1 : -1));
  const [newest] = days;
  return newest === undefined
    ? null
    : {
        session: newest.id.slice("day-".length),
        status: newest.value.status,
        error: newest.value.error,
        differs: newest.value.book_differs ?? 0,
        skipped: newest.value.skipped_documents ?? 0,
      };
}
