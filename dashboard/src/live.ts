/** Firestore listeners as state: loading, ready and live from then on, or an error that can be tried again. */

import { type DocumentReference, type FirestoreError, onSnapshot, type Query } from "firebase/firestore";
import { useEffect, useState } from "preact/hooks";
import { charge } from "./reads";
import { useWatched } from "./watched";

export type Live<T> =
  | { state: "loading" }
  | { state: "ready"; value: T; isFromCache: boolean }
  | { state: "error"; error: Failure; retry: () => void };

/** What pages show of an error: `isForbidden` is separate, as trying again does not help. */
export interface Failure {
  message: string;
  isForbidden: boolean;
  /** The server looked, and there is nothing: that is no fault. */
  isMissing?: boolean;
}

export interface Entry<T> {
  id: string;
  value: T;
}

/** Firestore was never reached, so nothing is known: that is not the same as nothing being there. */
const UNREACHED: Failure = {
  message: "Firestore does not answer. It is tried again by itself; check the connection.",
  isForbidden: false,
};

interface Listener<T> {
  next: (value: T, isFromCache: boolean) => void;
  unreached: () => void;
  failed: (error: FirestoreError) => void;
}

function useLive<T>(key: string, listen: (to: Listener<T>) => () => void): Live<T> {
  const [live, setLive] = useState<{ key: string; live: Live<T> }>({ key, live: { state: "loading" } });
  const [attempt, setAttempt] = useState(0);
  const isWatched = useWatched();
  // The key says what is listened to; `listen` is new every time.
  useEffect(() => {
    if (!isWatched) {
      return;
    }
    const show = (next: Live<T>) => setLive({ key, live: next });
    const retry = () => setAttempt((before) => before + 1);
    const fail = (error: Failure) => show({ state: "error", error, retry });
    setLive((before) =>
      before.key === key && before.live.state === "ready" ? before : { key, live: { state: "loading" } },
    );
    return listen({
      next: (value, isFromCache) => show({ state: "ready", value, isFromCache }),
      unreached: () => fail(UNREACHED),
      failed: (error) => fail({ message: error.message, isForbidden: error.code === "permission-denied" }),
    });
  }, [key, attempt, isWatched]);
  return live.key === key ? live.live : { state: "loading" };
}

/** Follow one document; undefined while there is none. */
export function useDocument<T>(reference: DocumentReference): Live<T | undefined> {
  return useLive(reference.path, ({ next, unreached, failed }) => {
    let last = "";
    let wasAnswered = false;
    return onSnapshot(
      reference,
      { includeMetadataChanges: true },
      (snapshot) => {
        const { fromCache } = snapshot.metadata;
        const seen = JSON.stringify(snapshot.data() ?? null);
        charge(seen === last ? 0 : 1);
        last = seen;
        wasAnswered ||= !fromCache;
        if (!wasAnswered && !snapshot.exists()) {
          unreached();
        } else {
          next(snapshot.data() as T | undefined, fromCache);
        }
      },
      failed,
    );
  });
}

/** Follow a query; `key` says which, as queries cannot be compared. */
export function useQuery<T>(key: string, query: Query): Live<Entry<T>[]> {
  return useLive(key, ({ next, unreached, failed }) => {
    let wasAnswered = false;
    return onSnapshot(
      query,
      { includeMetadataChanges: true },
      (snapshot) => {
        const { fromCache } = snapshot.metadata;
        wasAnswered ||= !fromCache;
        charge(snapshot.docChanges().filter((change) => change.type !== "removed").length);
        const entries = snapshot.docs.map((one) => ({ id: one.id, value: one.data() as T }));
        if (!wasAnswered && snapshot.empty) {
          unreached();
        } else {
          next(entries, fromCache);
        }
      },
      failed,
    );
  });
}
