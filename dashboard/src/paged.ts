/** The newest of a long list, live, and what is older by the page: asked for, and read once. */

import { getDocs, type Query } from "firebase/firestore";
import { useEffect, useState } from "preact/hooks";
import { type Entry, type Failure, type Live, useQuery } from "./live";
import { charge } from "./reads";

export interface Paged<T> {
  /** All that was read, newest first. */
  live: Live<Entry<T>[]>;
  /** Whether there may be more. */
  isMore: boolean;
  isBusy: boolean;
  problem: Failure | null;
  more: () => void;
}

interface Kept<T> {
  key: string;
  entries: Entry<T>[];
  isEnd: boolean;
}

/** What to read: `query` asks for the newest, or for those after one. */
interface Asked<T> {
  /** Says which list, as queries cannot be compared. */
  key: string;
  /** Entries of a page. */
  size: number;
  query: (after?: Entry<T>) => Query;
  at: (value: T) => number;
}

export function usePages<T>({ key, size, query, at }: Asked<T>): Paged<T> {
  const newest = useQuery<T>(key, query());
  const [kept, setKept] = useState<Kept<T>>({ key, entries: [], isEnd: false });
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<Failure | null>(null);
  const known = kept.key === key ? kept : { key, entries: [], isEnd: false };
  const entries = newest.state === "ready" ? merged(known.entries, newest.value, size, at) : known.entries;
  const fresh = newest.state === "ready" ? newest.value : null;
  // What leaves the window of the newest stays on the page
  useEffect(() => {
    if (fresh !== null) {
      setKept((before) => ({
        key,
        entries: merged(before.key === key ? before.entries : [], fresh, size, at),
        isEnd: before.key === key && before.isEnd,
      }));
    }
  }, [key, fresh]);
  const more = async () => {
    const last = entries.at(-1);
    setIsBusy(true);
    setProblem(null);
    try {
      const found = await getDocs(query(last));
      charge(found.size);
      const older = found.docs.map((one) => ({ id: one.id, value: one.data() as T }));
      setKept((before) =>
        before.key === key ? { key, entries: [...before.entries, ...older], isEnd: found.size < size } : before,
      );
    } catch (error) {
      setProblem({ message: String((error as Error).message), isForbidden: false });
    } finally {
      setIsBusy(false);
    }
  };
  const isMore = entries.length >= size && !known.isEnd;
  return { live: newest.state === "ready" ? { ...newest, value: entries } : newest, isMore, isBusy, problem, more };
}

/**
 * Return what is known with the newest of it read again: those it had and no longer has are gone, those that only left
 * its window stay. Where it has none of what was known, entries between may be missing: then only the newest are left.
 */
export function merged<T>(known: Entry<T>[], fresh: Entry<T>[], size: number, at: (value: T) => number): Entry<T>[] {
  const oldest = fresh.at(-1);
  if (oldest === undefined || fresh.length < size) {
    return fresh;
  }
  const ids = new Set(fresh.map((one) => one.id));
  const isJoined = known.some((one) => ids.has(one.id));
  const older = known.filter((one) => !ids.has(one.id) && at(one.value) <= at(oldest.value));
  return isJoined ? [...fresh, ...older] : fresh;
}
