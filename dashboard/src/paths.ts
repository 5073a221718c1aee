/** Where clients may read: the rest is the server's (firestore.rules). */

import {
  collection,
  type DocumentReference,
  doc,
  documentId,
  type Firestore,
  limit,
  orderBy,
  type Query,
  type QueryConstraint,
  query,
  startAfter,
  type Timestamp,
  where,
} from "firebase/firestore";
import type { Entry } from "./live";
import type { Alert, Decision } from "./model";

export const member = (db: Firestore, tenant: string, uid: string): DocumentReference =>
  doc(db, "tenants", tenant, "users", uid);

export const policy = (db: Firestore, tenant: string): DocumentReference =>
  doc(db, "tenants", tenant, "config", "maestro");

export const account = (db: Firestore, tenant: string): DocumentReference =>
  doc(db, "tenants", tenant, "accounts", "primary");

export const windows = (db: Firestore, tenant: string): DocumentReference =>
  doc(db, "tenants", tenant, "state", "windows");

export const results = (db: Firestore, tenant: string): DocumentReference =>
  doc(db, "tenants", tenant, "state", "results");

export const cockpit = (db: Firestore, tenant: string): DocumentReference =>
  doc(db, "tenants", tenant, "state", "cockpit");

export const connection = (db: Firestore, tenant: string): DocumentReference =>
  doc(db, "tenants", tenant, "state", "connection");

export const drift = (db: Firestore, tenant: string): DocumentReference => doc(db, "tenants", tenant, "state", "drift");

/** The alert that no cycle came though the market is open: an alert's id is a hash of its key. */
export const missedCycles = (db: Firestore, tenant: string): DocumentReference =>
  doc(db, "tenants", tenant, "alerts", "7863206012a9a75fe2dce415509652ad");

/** The jobs that began last. */
export const jobs = (db: Firestore, tenant: string, most: number): Query =>
  query(collection(db, "tenants", tenant, "jobs"), orderBy("started_at", "desc"), limit(most));

export const decision = (db: Firestore, session: string): DocumentReference =>
  doc(db, "systemStatus", "orchestration_logs", "logs", session);

export const decisions = (db: Firestore, tenant: string, most: number): Query =>
  query(
    collection(db, "systemStatus", "orchestration_logs", "logs"),
    where("tenant_id", "==", tenant),
    orderBy("timestamp", "desc"),
    limit(most),
  );

/** Newest first, equal times by id: so that the next page begins after the last of this one. */
function pageOf(field: string, most: number, after?: { at: Timestamp; id: string }): QueryConstraint[] {
  const order = [orderBy(field, "desc"), orderBy(documentId(), "desc")];
  return [...order, ...(after === undefined ? [] : [startAfter(after.at, after.id)]), limit(most)];
}

export const decisionsBetween = (
  db: Firestore,
  tenant: string,
  { since, until }: { since: Date | null; until: Date | null },
  most: number,
  after?: Entry<Decision>,
): Query =>
  query(
    collection(db, "systemStatus", "orchestration_logs", "logs"),
    where("tenant_id", "==", tenant),
    ...(since === null ? [] : [where("timestamp", ">=", since)]),
    ...(until === null ? [] : [where("timestamp", "<", until)]),
    ...pageOf("timestamp", most, after && { at: after.value.timestamp, id: after.id }),
  );

export const alertHistory = (
  db: Firestore,
  tenant: string,
  { state, severity }: { state: string; severity: string },
  most: number,
  after?: Entry<Alert>,
): Query =>
  query(
    collection(db, "tenants", tenant, "alerts"),
    ...(state === "" ? [] : [where("state", "==", state)]),
    ...(severity === "" ? [] : [where("severity", "==", severity)]),
    ...pageOf("opened_at", most, after && { at: after.value.opened_at, id: after.id }),
  );

export const members = (db: Firestore, tenant: string, most: number): Query =>
  query(collection(db, "tenants", tenant, "users"), limit(most));

export const alertsInState = (db: Firestore, tenant: string, state: string, most: number): Query =>
  query(
    collection(db, "tenants", tenant, "alerts"),
    where("state", "==", state),
    orderBy("opened_at", "desc"),
    limit(most),
  );

export const fills = (db: Firestore, tenant: string, most: number): Query =>
  query(collection(db, "tenants", tenant, "ledger_trades"), orderBy("ts", "desc"), limit(most));

export const fillsSince = (db: Firestore, tenant: string, since: Date, most: number): Query =>
  query(
    collection(db, "tenants", tenant, "ledger_trades"),
    where("ts", ">", since),
    orderBy("ts", "desc"),
    limit(most),
  );

export const months = (db: Firestore, tenant: string, strategy: string, most: number): Query =>
  query(
    collection(db, "tenants", tenant, "strategy_performance"),
    where("period", "==", "month"),
    where("strategy_id", "==", strategy),
    orderBy("period_start", "desc"),
    limit(most),
  );
