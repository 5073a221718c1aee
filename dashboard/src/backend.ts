/** The Firebase project this page was served for, or the emulators of the machine it runs on. */

import { initializeApp } from "firebase/app";
import { type Auth, connectAuthEmulator, indexedDBLocalPersistence, initializeAuth } from "firebase/auth";
import { connectFirestoreEmulator, type Firestore, getFirestore } from "firebase/firestore";

export interface Backend {
  auth: Auth;
  db: Firestore;
  isEmulator: boolean;
}

interface Emulators {
  auth?: { host: string; port: number };
  firestore?: { host: string; port: number };
}

/**
 * Connect, once.
 *
 * Hosting serves the project's configuration. `/emulators.json` is empty in the cloud; the emulators' own set-up
 * redirects it to the list of those that run. No pop-up resolver is configured, so no third-party script is loaded.
 */
export async function connect(): Promise<Backend> {
  const [config, emulators] = await Promise.all([
    fetchJson<Record<string, string>>("/__/firebase/init.json"),
    fetchJson<Emulators>("/emulators.json"),
  ]);
  const app = initializeApp(config);
  const auth = initializeAuth(app, { persistence: indexedDBLocalPersistence });
  const db = getFirestore(app);
  if (emulators.auth && emulators.firestore) {
    connectAuthEmulator(auth, `http://${emulators.auth.host}:${emulators.auth.port}`, { disableWarnings: true });
    connectFirestoreEmulator(db, emulators.firestore.host, emulators.firestore.port);
  }
  return { auth, db, isEmulator: emulators.firestore !== undefined };
}

async function fetchJson<T>(path: string): Promise<T> {
  const response = await fetch(path, { signal: AbortSignal.timeout(15_000) });
  if (!response.ok) {
    throw new Error(`${path} answered ${response.status}`);
  }
  return response.json();
}
