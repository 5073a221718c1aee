/** What health listens to besides the board: four documents or so more. */

import { type Live, useDocument, useQuery } from "../live";
import type { Alert } from "../model";
import { useIsOnline } from "../online";
import * as paths from "../paths";
import { useSession } from "../session";
import { useNow } from "../ui/parts";
import type { StoredDrift } from "./drift";
import { type Check, checksOf } from "./health";
import { knownOf, type Sources, type StoredConnection, type StoredJob } from "./health-sources";
import type { Board } from "./use-board";

/** A night has one of a day, and once a month one of a month. */
const JOBS = 3;

export function useHealth(board: Board): Check[] {
  const { db, tenant } = useSession();
  const isOnline = useIsOnline();
  const missed = useDocument<Alert>(paths.missedCycles(db, tenant));
  const broker = useDocument<StoredConnection>(paths.connection(db, tenant));
  const drift = useDocument<StoredDrift>(paths.drift(db, tenant));
  const jobs = useQuery<StoredJob>(`jobs/${tenant}`, paths.jobs(db, tenant, JOBS));
  const now = useNow(5_000);
  const isOffline = !isOnline || (board.decision.state === "ready" && board.decision.isFromCache);
  const sources = { ...board, isOffline, missed, broker, drift, jobs };
  return checksOf(knownOf(sources), now).map((check) => (isWaiting(check, sources) ? waiting(check) : check));
}

/** What each check is made of. */
const MADE_OF: Record<string, (from: Sources) => Live<unknown>[]> = {
  Prices: ({ positions }) => [positions],
  Account: ({ account }) => [account],
  Broker: ({ broker }) => [broker],
  Cycle: ({ decision, missed }) => [decision, missed],
  Strategies: ({ decision }) => [decision],
  Books: ({ drift, broker }) => [drift, broker],
  Night: ({ jobs, cockpit }) => [jobs, cockpit],
};

const isWaiting = ({ name }: Check, from: Sources): boolean =>
  MADE_OF[name]?.(from).some(({ state }) => state === "loading") ?? false;

const waiting = (check: Check): Check => ({
  ...check,
  state: "unknown",
  short: "loading …",
  detail: "Not answered yet.",
  runbook: null,
});
