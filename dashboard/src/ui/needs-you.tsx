/** What needs a person: open alerts, and good news. */

import { call } from "../api";
import { useAttempt } from "../attempt";
import { timeOf, titleOf, words } from "../format";
import { type Entry, useQuery } from "../live";
import type { Alert } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";
import { Act } from "./act";
import { Ago, Section } from "./parts";
import { Empty, Loaded } from "./states";
import { Who } from "./who";

const MOST_OPEN = 20;
const MOST_TAKEN = 10;

export function NeedsYou() {
  const { db, tenant } = useSession();
  const open = useQuery<Alert>(`alerts/${tenant}/OPEN`, paths.alertsInState(db, tenant, "OPEN", MOST_OPEN));
  const taken = useQuery<Alert>(
    `alerts/${tenant}/ACKNOWLEDGED`,
    paths.alertsInState(db, tenant, "ACKNOWLEDGED", MOST_TAKEN),
  );
  return (
    <Section
      title="Needs you"
      aside={<a href="/admin">All alerts</a>}
      count={open.state === "ready" && open.value.length > 0 ? countOf(open.value) : undefined}
    >
      <Loaded of={open} what="alerts">
        {(fresh) => {
          const all = [...fresh, ...(taken.state === "ready" ? taken.value : [])];
          return all.length === 0 ? (
            <Empty>Nothing needs attention.</Empty>
          ) : (
            <ul class="alerts" aria-live="polite">
              {all.map((alert) => (
                <AlertItem key={alert.id} alert={alert} />
              ))}
            </ul>
          );
        }}
      </Loaded>
    </Section>
  );
}

const countOf = (open: Entry<Alert>[]): number | string =>
  open.length < MOST_OPEN ? open.length : `${MOST_OPEN} or more`;

function AlertItem({ alert: { id, value: alert } }: { alert: Entry<Alert> }) {
  const { user, role } = useSession();
  const { isBusy, problem, attempt } = useAttempt();
  const acknowledge = async () => {
    await attempt(async () => {
      await call(user, "POST", `/v1/alerts/${id}/ack`);
    });
  };
  const at = timeOf(alert.opened_at);
  const isGood = alert.kind === "MODE_UP";
  const title = titleOf(alert.title);
  return (
    <li class={`alert ${isGood ? "good" : `severity-${alert.severity.toLowerCase()}`}`}>
      <AlertIcon isGood={isGood} />
      <div>
        <strong>{alert.page ? <a href={alert.page}>{title}</a> : title}</strong>
        <p>{alert.detail}</p>
        <div class="alert-foot">
          <p class="muted">
            {isGood ? "Good news" : words(alert.severity)} · {at && <Ago at={at} short />}
            {alert.state === "ACKNOWLEDGED" && (
              <>
                {" · acknowledged by "}
                <Who uid={alert.acknowledged_by} />
              </>
            )}
          </p>
          {alert.state === "OPEN" && role !== "viewer" && (
            <Act onClick={acknowledge} disabled={isBusy} aria-label={`Acknowledge ${title}`}>
              Acknowledge
            </Act>
          )}
        </div>
        <p class="problem" role="alert">
          {problem}
        </p>
      </div>
    </li>
  );
}

function AlertIcon({ isGood }: { isGood: boolean }) {
  return (
    <svg width="16" height="16" viewBox="0 0 15 14" aria-hidden="true">
      {isGood ? (
        <path d="M7.5 13V2M3 6.2 7.5 1.7 12 6.2" fill="none" stroke="currentColor" stroke-width="1.7" />
      ) : (
        <>
          <path d="M7.5 1 14.2 13H.8z" fill="none" stroke="currentColor" stroke-width="1.3" stroke-linejoin="round" />
          <path d="M7.5 5.2v3.6M7.5 10.4v.7" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" />
        </>
      )}
    </svg>
  );
}
