/** Who is signed in, to which tenant, with which role. */

import { onAuthStateChanged, type User } from "firebase/auth";
import type { Firestore } from "firebase/firestore";
import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { Backend } from "./backend";
import { type Live, useDocument } from "./live";
import type { Membership, Role } from "./model";
import * as paths from "./paths";

/** What every page works with. */
export interface Session {
  user: User;
  db: Firestore;
  tenant: string;
  role: Role;
}

export type SignIn =
  | { state: "loading" }
  | { state: "signed-out" }
  | { state: "forbidden"; user: User; why: string }
  | { state: "claimed"; user: User; tenant: string; role: Role };

const ROLES: Role[] = ["viewer", "trader", "admin"];

/** Follow sign-ins and sign-outs, and read the tenant and the role that the token claims. */
export function useSignIn(backend: Backend): SignIn {
  const [signIn, setSignIn] = useState<SignIn>({ state: "loading" });
  useEffect(
    () =>
      onAuthStateChanged(backend.auth, async (user) => {
        setSignIn(user === null ? { state: "signed-out" } : await claimed(user));
      }),
    [backend],
  );
  return signIn;
}

async function claimed(user: User): Promise<SignIn> {
  try {
    const { claims } = await user.getIdTokenResult();
    const { tenant_id: tenant, role } = claims;
    if (typeof tenant === "string" && isRole(role)) {
      return { state: "claimed", user, tenant, role };
    }
    return { state: "forbidden", user, why: "This account belongs to no tenant." };
  } catch (error) {
    return { state: "forbidden", user, why: `This account could not be checked (${error}). Reload to try again.` };
  }
}

/** Follow the membership, and return the lower of its role and the claimed one: what the server will grant. */
export function useRole(db: Firestore, tenant: string, user: User, claim: Role): Live<Role | undefined> {
  const membership = useDocument<Membership>(paths.member(db, tenant, user.uid));
  if (membership.state !== "ready") {
    return membership;
  }
  const role = membership.value?.disabled ? undefined : membership.value?.role;
  return {
    ...membership,
    value: isRole(role) ? ROLES[Math.min(ROLES.indexOf(role), ROLES.indexOf(claim))] : undefined,
  };
}

function isRole(value: unknown): value is Role {
  return ROLES.includes(value as Role);
}

export const SessionContext = createContext<Session | null>(null);

/** Return the session; only below a signed-in page. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) {
    throw new Error("no user is signed in here");
  }
  return session;
}
