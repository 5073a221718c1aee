/** Where broker and books differ, symbol by symbol, with both figures and what waits for it. */

import { amountOf, type Difference, driftOf, holdOf, type OnDrift, type StoredDrift, wordsOf } from "../cockpit/drift";
import { moment, quantity, timeOf, words } from "../format";
import { useDocument } from "../live";
import * as paths from "../paths";
import { useSession } from "../session";
import { CELL, Head, ROW, Section, TABLE } from "./parts";
import { Empty, Loaded } from "./states";

export function DriftSection({ onDrift }: { onDrift: OnDrift | null }) {
  const { db, tenant } = useSession();
  const live = useDocument<StoredDrift>(paths.drift(db, tenant));
  return (
    <Section title="Broker and books" aside={<a href="/health">Health</a>}>
      <Loaded of={live} what="differences between broker and books">
        {(stored) => {
          if (stored === undefined) {
            return (
              <Empty>Not compared: no broker has been read yet, so it is unknown whether the books are right.</Empty>
            );
          }
          const { differences, unknownBecause } = driftOf(stored);
          return (
            <>
              {unknownBecause !== null && <p class="warning">Nothing can be compared now: {unknownBecause}.</p>}
              {differences.length === 0 && unknownBecause === null && (
                <Empty>Nothing differed when the broker was last read.</Empty>
              )}
              {differences.length > 0 && <Differences all={differences} onDrift={onDrift} />}
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}

function Differences({ all, onDrift }: { all: Difference[]; onDrift: OnDrift | null }) {
  return (
    <>
      <table class="t cards" aria-label="Broker and books" {...TABLE}>
        <Head
          columns={[
            "Symbol",
            "Of",
            { name: "Broker", isNumber: true },
            { name: "Books", isNumber: true },
            { name: "Broker has more", isNumber: true },
            "Likely",
            "Since",
            "Entries",
          ]}
        />
        <tbody>
          {all.map((one) => (
            <tr key={`${one.subject} ${one.symbol}`} {...ROW}>
              <th scope="row">{one.symbol || "Cash"}</th>
              <td data-name="Of" {...CELL}>
                {UNITS[one.subject]}
              </td>
              <td class="number" data-name="Broker" {...CELL}>
                {figure(one.broker)}
              </td>
              <td class="number" data-name="Books" {...CELL}>
                {figure(one.book)}
              </td>
              <td class="number" data-name="Broker has more" {...CELL}>
                {figure(amountOf(one))}
              </td>
              <td data-name="Likely" {...CELL}>
                {words(one.kind)}
              </td>
              <td data-name="Since" {...CELL}>
                {moment(timeOf(one.since))}
              </td>
              <td data-name="Entries" {...CELL}>
                <span class={one.is_drift ? "warning" : "muted"}>{holdOf(one, onDrift)}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {all.some((one) => one.is_drift) && (
        <p class="muted">
          {wordsOf(onDrift)} An operator looks into it, and books what is right: "Broker and books differ" in the
          runbook.
        </p>
      )}
    </>
  );
}

const UNITS: Record<Difference["subject"], string> = {
  position: "position, units",
  orders: "open orders, units",
  reservation: "reserved, USD",
  cash: "cash, USD",
};

const figure = (value: number | null): string => (value === null ? "n/a" : quantity(value));
