/** What health listens to besides the board: four documents or so more. */

import { useDocument, useQuery } from "../live";
import type { Alert } from "../model";
import { useIsOnline } from "../online";
import * as paths from "../paths";
import { useSession } from "../session";
import { useNow } from "../ui/parts";
import type { StoredDrift } from "./drift";
import { type Check, checksOf } from "./health";
import { knownOf, type StoredBroker, type StoredJob } from "./health-sources";
import type { Board } from "./use-board";

/** A night has one of a day, and once a month one of a month. */
const JOBS = 3;

export function useHealth(board: Board): Check[] {
  const { db, tenant } = useSession();
  const isOnline = useIsOnline();
  const missed = useDocument<Alert>(paths.missedCycles(db, tenant));
  const broker = useDocument<StoredBroker>(paths.broker(db, tenant));
  const drift = useDocument<StoredDrift>(paths.drift(db, tenant));
  const jobs = useQuery<StoredJob>(`jobs/${tenant}`, paths.jobs(db, tenant, JOBS));
  const now = useNow(5_000);
  const isOffline = !isOnline || (board.decision.state === "ready" && board.decision.isFromCache);
  return checksOf(knownOf({ ...board, isOffline, missed, broker, drift, jobs }), now);
}
