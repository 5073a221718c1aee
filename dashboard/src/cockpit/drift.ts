/** `state/drift`: where broker and books differ, and which entries wait for it. */

export type OnDrift = "warn" | "hold" | "halt";

export interface StoredDrift {
  differences_json: string;
  unknown_because: string | null;
}

export interface Difference {
  subject: "position" | "orders" | "reservation" | "cash";
  /** Canonical; empty for cash. */
  symbol: string;
  /** Signed units, or USD for reservations and cash; null: not known, never 0. */
  broker: number | null;
  book: number | null;
  /** What it likely comes from. */
  kind: string;
  since: string;
  /** Seen in two reads between which nothing happened to its symbol; else once. */
  is_drift: boolean;
}

export interface Drift {
  differences: Difference[];
  unknownBecause: string | null;
}

/** Read it, lasting ones first. */
export function driftOf({ differences_json, unknown_because }: StoredDrift): Drift {
  const all: Difference[] = JSON.parse(differences_json);
  const differences = all.toSorted((one, other) => Number(other.is_drift) - Number(one.is_drift));
  return { differences, unknownBecause: unknown_because };
}

/** Say what happens to entries while something differs; null: no cycle has said it. */
export function wordsOf(onDrift: OnDrift | null): string {
  switch (onDrift) {
    case "warn":
      return "The policy holds no entries for it; exits pass.";
    case "hold":
      return "Entries of that symbol are held; exits pass.";
    case "halt":
      return "All entries are held; exits pass.";
    case null:
      return "No cycle has said yet what the policy does about it; exits pass.";
  }
}

/** Say whether entries wait for a difference: one seen once holds none, nor does a reservation, which lapses. */
export function holdOf({ is_drift, subject, symbol }: Difference, onDrift: OnDrift | null): string {
  if (!is_drift) {
    return "seen once";
  }
  if (subject === "reservation" || onDrift === "warn") {
    return "not held";
  }
  if (onDrift === null) {
    return "n/a";
  }
  return onDrift === "halt" ? "all held" : symbol === "" ? "not held" : `held for ${symbol}`;
}

/** Return how much more the broker has than the books; null where either is not known. */
export const amountOf = ({ broker, book }: Difference): number | null =>
  broker === null || book === null ? null : broker - book;
