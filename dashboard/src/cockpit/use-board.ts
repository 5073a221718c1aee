/** What the pages Now, Strategies and Positions listen to and ask for: bounded, whatever a tenant holds. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { useAnswer } from "../api";
import { timeOf } from "../format";
import { type Entry, type Live, useDocument, useQuery } from "../live";
import type { Account, Decision, Fill, LivePositions } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";
import { useWatched } from "../watched";
import { type Cockpit, cockpitOf, type StoredCockpit } from "./cockpit";
import { type Money, moneyOf, type Observed } from "./money";
import { type AllResults, resultsOf, type StoredResults } from "./results";
import { type Today, todayOf } from "./today";

/** Entries of the ledger since today's base; of more, today's P&L is unknown. */
export const MOST_FILLS = 100;

export interface Board {
  cockpit: Live<Cockpit | undefined>;
  decision: Live<Decision | undefined>;
  results: Live<AllResults | undefined>;
  positions: Live<LivePositions>;
  account: Live<Account | undefined>;
  money: Money | null;
  today: Today | null;
}

const readCockpit = (stored: StoredCockpit | undefined): Cockpit | undefined => stored && cockpitOf(stored);
const readResults = (stored: StoredResults | undefined): AllResults | undefined => stored && resultsOf(stored);

/** Read what is ready, once for each that comes. */
function useMapped<T, U>(live: Live<T>, read: (value: T) => U): Live<U> {
  return useMemo(() => mapped(live, read), [live, read]);
}

/** Apply a function to what is ready. */
function mapped<T, U>(live: Live<T>, change: (value: T) => U): Live<U> {
  return live.state === "ready" ? { ...live, value: change(live.value) } : live;
}

const readyOf = <T>(live: Live<T>): T | undefined => (live.state === "ready" ? live.value : undefined);

/** @param everyMs how often the book is asked for besides; only after what is listened to by default. */
export function useBoard(everyMs = 0): Board {
  const { db, tenant } = useSession();
  const cockpit = useMapped(useDocument<StoredCockpit>(paths.cockpit(db, tenant)), readCockpit);
  const results = useMapped(useDocument<StoredResults>(paths.results(db, tenant)), readResults);
  const last = useQuery<Decision>(`decisions/${tenant}/1`, paths.decisions(db, tenant, 1));
  const account = useDocument<Account>(paths.account(db, tenant));
  const seen = readyOf(cockpit);
  const fills = useFillsSince(seen?.baseAt ?? null);
  const known = fillsOf(fills);
  const cycle = seen?.session_id ?? (cockpit.state === "loading" ? undefined : "none");
  const asOf = timeOf(readyOf(account)?.as_of)?.getTime() ?? 0;
  const tick = useTick(everyMs);
  const positions = usePositions(cycle && `${cycle} ${asOf} ${tick}`, fills);
  const book = readyOf(positions);
  return {
    cockpit,
    decision: mapped(last, ([newest]) => newest?.value),
    results,
    positions,
    account,
    money: seen === undefined ? null : moneyOf(seen, newerEquity(seen, readyOf(account)), readyOf(results)?.raw),
    today: seen === undefined || !book?.is_open ? null : todayOf(seen, book.positions, known),
  };
}

/** Count up every so often, while anyone looks. */
function useTick(everyMs: number): number {
  const [tick, setTick] = useState(0);
  const isWatched = useWatched();
  useEffect(() => {
    if (everyMs === 0 || !isWatched) {
      return;
    }
    const timer = setInterval(() => setTick((before) => before + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, isWatched]);
  return tick;
}

/** Follow the ledger since the base; before the base is known, its newest entry. */
function useFillsSince(since: Date | null): Live<Entry<Fill>[]> {
  const { db, tenant } = useSession();
  const key = `fills/${tenant}/${since?.getTime() ?? "newest"}`;
  return useQuery<Fill>(
    key,
    since === null ? paths.fills(db, tenant, 1) : paths.fillsSince(db, tenant, since, MOST_FILLS),
  );
}

/** Ask for the book when the page opens, after every cycle, account snapshot and fill. */
function usePositions(version: string | undefined, fills: Live<Entry<Fill>[]>): Live<LivePositions> {
  const { user } = useSession();
  const newest = fills.state === "loading" ? undefined : fills.state === "ready" ? (fills.value[0]?.id ?? "none") : "?";
  return useAnswer<LivePositions>(user, "/v1/positions", version && newest && `${version} ${newest}`);
}

const fillsOf = (fills: Live<Entry<Fill>[]>): Fill[] | null =>
  fills.state === "ready" && fills.value.length < MOST_FILLS ? fills.value.map((one) => one.value) : null;

/** Return what the account says if that is newer than what the last cycle saw. */
function newerEquity(cockpit: Cockpit, account: Account | undefined): Observed | null {
  const [at, seen] = [timeOf(account?.as_of), timeOf(cockpit.equity_as_of)];
  const equity = account?.equity == null || account.equity === "" ? Number.NaN : Number(account.equity);
  return at !== null && (seen === null || at > seen) && Number.isFinite(equity) ? { usd: equity, at } : null;
}
