/** Today's signals, newest first, as asked and as they left Maestro; and changes of mode. */

import type { Cockpit, Entry } from "../cockpit/cockpit";
import { DECIDED } from "../cockpit/tables";
import { percent, timeOf, words } from "../format";
import type { Mode } from "../model";
import { zoneName } from "../zone";
import { Csv } from "./csv";
import { ModeMark } from "./figures";
import { ActionBadge, CELL, Head, ROW, Section, TABLE } from "./parts";
import { Empty } from "./states";
import { Time } from "./time";

const SHOWN = 15;
const RUNGS: Mode[] = ["DISABLED", "SHADOW_MODE", "REDUCED", "ACTIVE"];

export function DecidedToday({ cockpit }: { cockpit: Cockpit }) {
  const { cycles, proposed, changed } = cockpit;
  const entries = cockpit.entries.toReversed().slice(0, SHOWN);
  return (
    <Section
      title="Decided today"
      count={`${cycles} ${cycles === 1 ? "cycle" : "cycles"} · ${proposed} ${proposed === 1 ? "signal" : "signals"} · ${changed} changed by rules`}
      aside={
        <>
          <a href="/decisions">All decisions</a>
          <Csv table="Decided today" rows={cockpit.entries} fields={DECIDED} />
        </>
      }
    >
      {entries.length === 0 ? (
        <Empty>
          Every strategy holds. The last cycle was at <Time at={cockpit.asOf} as="clock" />.
        </Empty>
      ) : (
        <table class="t ds" aria-label="Decided today" {...TABLE}>
          <Head columns={[`Time, ${zoneName(cockpit.asOf)}`, "Strategy", "Signal", "Why"]} />
          <tbody>
            {entries.map((entry) => (
              <EntryRow key={`${entry.session_id} ${entry.strategy} ${entry.mode ?? ""}`} entry={entry} />
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function EntryRow({ entry }: { entry: Entry }) {
  return (
    <tr {...ROW}>
      <td class="c-time" {...CELL}>
        <a href={`/decisions/${entry.session_id}`}>
          <Time at={timeOf(entry.at)} as="clock" />
        </a>
      </td>
      <th scope="row" class="c-what">
        {entry.strategy}
      </th>
      <td class="c-sig" {...CELL}>
        {entry.mode ? <Move entry={entry} mode={entry.mode} /> : <Signal entry={entry} />}
      </td>
      <td class="c-why" {...CELL}>
        {entry.change ?? words(entry.why)}
      </td>
    </tr>
  );
}

function Move({ entry, mode }: { entry: Entry; mode: Mode }) {
  const isUp = entry.from !== undefined && RUNGS.indexOf(mode) > RUNGS.indexOf(entry.from);
  return (
    <>
      <span class={isUp ? "ok" : "muted"}>{isUp ? "▲ promoted to" : "▼ moved down to"}</span> <ModeMark mode={mode} />
    </>
  );
}

function Signal({ entry: { action, was, symbol, intent, asked, allowed } }: { entry: Entry }) {
  const isScaled = action === was && asked !== undefined && allowed !== undefined && Math.abs(asked - allowed) > 5e-5;
  return (
    <>
      <ActionBadge action={was ?? ""} intent={action === was ? intent : undefined} /> <b>{symbol}</b>
      {action !== was && action && (
        <>
          {" → "}
          <ActionBadge action={action} />
        </>
      )}
      {isScaled && (allowed === 0 ? " → on paper" : ` ${percent(asked)} → ${percent(allowed)}`)}
    </>
  );
}
