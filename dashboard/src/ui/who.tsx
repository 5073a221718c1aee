/** Whoever did something: "you", or an e-mail address to those who may know it, and the user's id to all others. */

import { useDocument } from "../live";
import type { Membership } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";

/** What an operator's command leaves instead, such as an address, is shown as it is. */
const UID = /^[A-Za-z0-9_-]{1,128}$/;

export function Who({ uid }: { uid: string | null | undefined }) {
  const { user, role } = useSession();
  if (uid === user.uid) {
    return <span>you</span>;
  }
  const mayBeNamed = role !== "viewer" && uid != null && UID.test(uid);
  return mayBeNamed ? <Member uid={uid} /> : <span>{uid ?? "n/a"}</span>;
}

function Member({ uid }: { uid: string }) {
  const { db, tenant } = useSession();
  const member = useDocument<Membership>(paths.member(db, tenant, uid));
  return <span title={uid}>{(member.state === "ready" && member.value?.email) || uid}</span>;
}
