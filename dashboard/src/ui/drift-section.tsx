/** Where broker and books differ, symbol by symbol, with both figures and what waits for it. */

import { amountOf, type Difference, driftOf, holdOf, type OnDrift, type StoredDrift, wordsOf } from "../cockpit/drift";
import { quantity, timeOf, words } from "../format";
import { useDocument } from "../live";
import * as paths from "../paths";
import { useSession } from "../session";
import { Section, Table } from "./parts";
import { Empty, Loaded } from "./states";
import { Time } from "./time";

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
      <Table
        caption="Broker and books"
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
      >
        {all.map((one) => (
          <tr key={`${one.subject} ${one.symbol}`}>
            <th scope="row">{one.symbol || "Cash"}</th>
            <td>{UNITS[one.subject]}</td>
            <td class="number">{figure(one.broker)}</td>
            <td class="number">{figure(one.book)}</td>
            <td class="number">{figure(amountOf(one))}</td>
            <td>{words(one.kind)}</td>
            <td>
              <Time at={timeOf(one.since)} as="brief" />
            </td>
            <td>
              <span class={one.is_drift ? "warning" : "muted"}>{holdOf(one, onDrift)}</span>
            </td>
          </tr>
        ))}
      </Table>
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
