/** Firestore listeners as state: loading, ready and live from then on, or an error that can be tried again. */

import { type DocumentReference, type FirestoreError, onSnapshot, type Query } from "firebase/firestore";
import { useEffect, useState } from "preact/hooks";

export type Live<T> =
  | { state: "loading" }
  | { state: "ready"; value: T; isFromCache: boolean }
  | { state: "error"; error: Failure; retry: () => void };

/** What pages show of an error: `isForbidden` is told apart, as trying again does not help. */
export interface Failure {
  message: string;
  isForbidden: boolean;
}

export interface Entry<T> {
  id: string;
  value: T;
}

type Listen<T> = (
  next: (value: T, isFromCache: boolean) => void,
  failed: (error: FirestoreError) => void,
) => () => void;

function useLive<T>(key: string, listen: Listen<T>): Live<T> {
  const [live, setLive] = useState<{ key: string; live: Live<T> }>({ key, live: { state: "loading" } });
  const [attempt, setAttempt] = useState(0);
  // The key says what is listened to; `listen` is new every time
  useEffect(() => {
    setLive({ key, live: { state: "loading" } });
    return listen(
      (value, isFromCache) => setLive({ key, live: { state: "ready", value, isFromCache } }),
      (error) => {
        const retry = () => setAttempt((before) => before + 1);
        const isForbidden = error.code === "permission-denied";
        setLive({ key, live: { state: "error", error: { message: error.message, isForbidden }, retry } });
      },
    );
  }, [key, attempt]);
  return live.key === key ? live.live : { state: "loading" };
}

/** Follow one document; undefined while there is none. */
export function useDocument<T>(reference: DocumentReference): Live<T | undefined> {
  return useLive(reference.path, (next, failed) =>
    onSnapshot(
      reference,
      { includeMetadataChanges: true },
      (snapshot) => next(snapshot.data() as T | undefined, snapshot.metadata.fromCache),
      failed,
    ),
  );
}

/** Follow a query; `key` says which, as queries cannot be compared. */
export function useQuery<T>(key: string, query: Query): Live<Entry<T>[]> {
  return useLive(key, (next, failed) =>
    onSnapshot(
      query,
      { includeMetadataChanges: true },
      (snapshot) =>
        next(
          snapshot.docs.map((one) => ({ id: one.id, value: one.data() as T })),
          snapshot.metadata.fromCache,
        ),
      failed,
    ),
  );
}
