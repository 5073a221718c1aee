/** Whether the connected account holds real money: red where it does, on every page. */

import type { StoredConnection } from "../cockpit/health-sources";
import { useDocument } from "../live";
import * as paths from "../paths";
import { useSession } from "../session";

export function AccountBadge() {
  const { db, tenant } = useSession();
  const live = useDocument<StoredConnection>(paths.connection(db, tenant));
  if (live.state === "loading") {
    return null;
  }
  if (live.state === "error") {
    return <span class="tag">account unknown</span>;
  }
  const { value: broker } = live;
  if (broker === undefined || broker.status !== "CONNECTED") {
    return <span class="tag x-sm">no broker</span>;
  }
  const whose = `${broker.broker} ${broker.account}`;
  return broker.is_live ? (
    <strong class="tag money-live" title={`${whose}: real money`}>
      LIVE<span class="vh"> account, real money</span>
    </strong>
  ) : (
    <span class="tag" title={whose}>
      Paper<span class="vh"> account</span>
    </span>
  );
}
