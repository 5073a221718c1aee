/** Where clients may read: the rest is the server's (firestore.rules). */

import {
  collection,
  type DocumentReference,
  doc,
  type Firestore,
  limit,
  orderBy,
  type Query,
  query,
  where,
} from "firebase/firestore";

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

export const broker = (db: Firestore, tenant: string): DocumentReference =>
  doc(db, "tenants", tenant, "state", "broker");

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
