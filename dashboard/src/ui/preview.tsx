/** What a policy would have changed over the last sessions, shown before it is saved. */

import { day, words } from "../format";
import type { Live } from "../live";
import {
  affected,
  decided,
  type Issued,
  type Preview,
  period,
  reproduced,
  returnsSaid,
  type StrategyPreview,
  sessionsByMode,
  summary,
  TOTALS,
} from "../preview";
import { ModeMark } from "./figures";
import { Section, Table } from "./parts";
import { Empty, Loaded } from "./states";

const MOST_ROWS = 100;

export function WhatWouldHaveChanged({ of, isOutdated }: { of: Live<Preview>; isOutdated: boolean }) {
  return (
    <Section title="What would have changed">
      {isOutdated && <p class="warning">Fields have changed since: ask again.</p>}
      <Loaded of={of} what="what would have changed over the last sessions">
        {(preview) =>
          preview.sessions === 0 ? (
            <Empty>No decision is on record yet, so there is nothing to compare.</Empty>
          ) : (
            <Found preview={preview} />
          )
        }
      </Loaded>
    </Section>
  );
}

function Found({ preview }: { preview: Preview }) {
  const strategies = affected(preview);
  return (
    <div class="preview">
      <p role="status">
        <span class="lead">{summary(preview)}</span> <span class="muted">Over {period(preview)}.</span>
      </p>
      {preview.not_told.map((name) => (
        <p key={name} class="warning">
          What <code>{name}</code> would have changed is not on record, or in part only.
        </p>
      ))}
      <Totals preview={preview} />
      {strategies.length > 0 && <Strategies strategies={strategies} />}
      {preview.changes.length > 0 && <Changes preview={preview} />}
      <h3>Would it have earned more?</h3>
      <p>{returnsSaid(preview)}</p>
      <p class="muted">Modes as weights over the strategies' daily returns; not an account replay.</p>
      <h3>How far to trust this</h3>
      <p>{reproduced(preview)}</p>
      {preview.unreadable_sessions > 0 && (
        <p class="warning">Left out, as their decision cannot be read: {preview.unreadable_sessions}.</p>
      )}
      <details>
        <summary>What is held fixed</summary>
        <ul>
          {preview.held_fixed.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}

function Totals({ preview }: { preview: Preview }) {
  const columns = [{ name: "In all" }, { name: "As saved", isNumber: true }, { name: "As changed", isNumber: true }];
  return (
    <Table caption="Totals" columns={columns}>
      {TOTALS.map(([name, label]) => (
        <tr key={name}>
          <th scope="row">{label}</th>
          <td class="number">{preview.before[name]}</td>
          <td class="number">{preview.after[name]}</td>
        </tr>
      ))}
    </Table>
  );
}

function Strategies({ strategies }: { strategies: StrategyPreview[] }) {
  const columns = [
    { name: "Strategy" },
    { name: "By mode, as saved" },
    { name: "By mode, as changed" },
    { name: "At the end" },
    { name: "Entries stopped", isNumber: true },
    { name: "Let through", isNumber: true },
  ];
  return (
    <Table caption="Strategies that would have been decided differently" columns={columns}>
      {strategies.map((one) => (
        <tr key={one.strategy_name}>
          <th scope="row">{one.strategy_name}</th>
          <td>{sessionsByMode(one.before)}</td>
          <td>{sessionsByMode(one.after)}</td>
          <td class="whole">
            <ModeMark mode={one.last_before} />
            {one.last_after !== one.last_before && (
              <>
                {" → "}
                <ModeMark mode={one.last_after} />
              </>
            )}
          </td>
          <td class="number">{one.entries_stopped}</td>
          <td class="number">{one.entries_let_through}</td>
        </tr>
      ))}
    </Table>
  );
}

function Changes({ preview }: { preview: Preview }) {
  const shown = preview.changes.slice(0, MOST_ROWS);
  const rest = preview.changes.length + preview.changes_left_out - shown.length;
  return (
    <details>
      <summary>Session by session, the newest first</summary>
      <Table
        caption="Session by session"
        columns={[{ name: "Session" }, { name: "Strategy" }, { name: "As saved" }, { name: "As changed" }]}
      >
        {shown.map((one) => (
          <tr key={`${one.day} ${one.strategy_name}`}>
            <th scope="row" class="whole">
              {day(one.day)}
            </th>
            <td>{one.strategy_name}</td>
            <td>
              <Verdict issued={one.before} />
            </td>
            <td>
              <Verdict issued={one.after} />
            </td>
          </tr>
        ))}
      </Table>
      {rest > 0 && <p class="muted">And {rest} more: the API has them.</p>}
    </details>
  );
}

function Verdict({ issued }: { issued: Issued }) {
  return (
    <>
      <ModeMark mode={issued.mode} /> <span class="whole">{decided(issued)}</span>{" "}
      <span class="muted">{words(issued.reason_code)}</span>
    </>
  );
}
