/** All alerts, newest first; the address has what is searched for. */

import { useLocation } from "preact-iso";
import { ALERTS } from "../cockpit/tables";
import { timeOf, titleOf, words } from "../format";
import type { Entry } from "../live";
import type { Alert } from "../model";
import { usePages } from "../paged";
import * as paths from "../paths";
import { useSession } from "../session";
import { Csv } from "./csv";
import { Older } from "./older";
import { Section, Table } from "./parts";
import { Empty, Loaded } from "./states";
import { Time } from "./time";
import { Who } from "./who";

const PAGE = 25;
const STATES: [string, string][] = [
  ["", "All"],
  ["OPEN", "Open"],
  ["ACKNOWLEDGED", "Acknowledged"],
  ["RESOLVED", "Resolved"],
];
const SEVERITIES = ["CRITICAL", "WARNING", "INFO"];

export function AlertHistory() {
  const { db, tenant } = useSession();
  const { query, route } = useLocation();
  const state = STATES.some(([one]) => one === query.state) ? (query.state ?? "") : "";
  const severity = SEVERITIES.includes(query.severity ?? "") ? (query.severity ?? "") : "";
  const pages = usePages<Alert>({
    key: `history/${tenant}/${state}/${severity}`,
    size: PAGE,
    query: (after) => paths.alertHistory(db, tenant, { state, severity }, PAGE, after),
    at: (alert) => timeOf(alert.opened_at)?.getTime() ?? 0,
  });
  const change = (next: { state: string; severity: string }) => {
    const said = Object.entries(next).filter(([, value]) => value !== "");
    route(said.length === 0 ? "/admin" : `/admin?${new URLSearchParams(said)}`, true);
  };
  return (
    <Section
      title="Alerts"
      aside={pages.live.state === "ready" && <Csv table="Alerts" rows={pages.live.value} fields={ALERTS} />}
    >
      <search class="filter">
        <label>
          State
          <select value={state} onChange={(event) => change({ state: event.currentTarget.value, severity })}>
            {STATES.map(([one, name]) => (
              <option key={one} value={one}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Severity
          <select value={severity} onChange={(event) => change({ state, severity: event.currentTarget.value })}>
            <option value="">All</option>
            {SEVERITIES.map((one) => (
              <option key={one} value={one}>
                {words(one)}
              </option>
            ))}
          </select>
        </label>
      </search>
      <Loaded of={pages.live} what="alerts">
        {(all) =>
          all.length === 0 ? (
            <Empty>{state || severity ? "No such alert." : "No alert was ever raised."}</Empty>
          ) : (
            <Rows all={all} />
          )
        }
      </Loaded>
      <Older pages={pages} what="alerts" />
    </Section>
  );
}

function Rows({ all }: { all: Entry<Alert>[] }) {
  return (
    <Table
      caption="Alerts"
      columns={["Alert", "Severity", "State", "Opened", "Resolved", "Acknowledged by"]}
      classes="history"
    >
      {all.map(({ id, value: alert }) => (
        <tr key={id}>
          <th scope="row">
            {alert.page ? <a href={alert.page}>{titleOf(alert.title)}</a> : titleOf(alert.title)}
            <p class="muted">{alert.detail}</p>
          </th>
          <td>
            <span class={severityClass(alert)}>{alert.kind === "MODE_UP" ? "Good news" : words(alert.severity)}</span>
          </td>
          <td>{STATES.find(([one]) => one === alert.state)?.[1] ?? alert.state}</td>
          <td>
            <Time at={timeOf(alert.opened_at)} />
          </td>
          <td class={alert.resolved_at ? "" : "is-none"}>
            <Time at={timeOf(alert.resolved_at)} />
          </td>
          <td class={alert.acknowledged_by ? "" : "is-none"}>
            {alert.acknowledged_by ? <Who uid={alert.acknowledged_by} /> : "–"}
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** Colour says how soon to look only while there is something to look at. */
function severityClass({ kind, severity, state }: Alert): string {
  if (kind === "MODE_UP") {
    return "ok";
  }
  return state === "RESOLVED" ? "muted" : severity === "CRITICAL" ? "bad" : severity === "WARNING" ? "warning" : "";
}
