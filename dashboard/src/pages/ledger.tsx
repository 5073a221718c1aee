import { useState } from "preact/hooks";
import { useAnswer } from "../api";
import { FILLS, LOTS } from "../cockpit/tables";
import { averagePrice, cents, price, quantity, timeOf, words } from "../format";
import { type Entry, useDocument, useQuery } from "../live";
import type { Fill, OpenLots } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";
import { Csv } from "../ui/csv";
import { Gain } from "../ui/figures";
import { ActionBadge, Heading, Section, Table } from "../ui/parts";
import { Empty, Loaded } from "../ui/states";
import { Time } from "../ui/time";

const PAGE = 50;
const MOST = 500;

export function Ledger() {
  const { db, tenant } = useSession();
  const [shown, setShown] = useState(PAGE);
  const fills = useQuery<Fill>(`fills/${tenant}/${shown}`, paths.fills(db, tenant, shown));
  return (
    <>
      <Heading title="Ledger">Ledger</Heading>
      <LotsSection />
      <Section title="Fills" aside={fills.state === "ready" && <Csv table="Fills" rows={fills.value} fields={FILLS} />}>
        <Loaded of={fills} what="fills">
          {(all) => (all.length === 0 ? <Empty>No fill has been reported yet.</Empty> : <Fills fills={all} />)}
        </Loaded>
        {fills.state === "ready" && fills.value.length === shown && shown < MOST && (
          <button type="button" onClick={() => setShown(shown + PAGE)}>
            Show older
          </button>
        )}
      </Section>
    </>
  );
}

function LotsSection() {
  const { db, tenant, user } = useSession();
  const windows = useDocument<unknown>(paths.windows(db, tenant));
  const lots = useAnswer<OpenLots>(user, "/v1/lots", windows.state === "ready" ? (windows.value ?? "none") : undefined);
  const columns = [
    { name: "Strategy" },
    { name: "Book" },
    { name: "Symbol" },
    { name: "Quantity", isNumber: true },
    { name: "Average price", isNumber: true },
    { name: "Mark", isNumber: true },
    { name: "Unrealised, USD", isNumber: true },
    { name: "Lots", isNumber: true },
  ];
  return (
    <Section
      title="Open lots"
      aside={lots.state === "ready" && <Csv table="Open lots" rows={lots.value.items} fields={LOTS} />}
    >
      <Loaded of={lots} what="open lots">
        {(found) =>
          found.items.length === 0 ? (
            <Empty>Nothing is held as of the last nightly snapshot.</Empty>
          ) : (
            <>
              <p class="muted">
                As of the nightly snapshot up to <Time at={timeOf(found.as_of)} />.
              </p>
              <Table caption="Open lots" columns={columns}>
                {found.items.map((one) => (
                  <tr key={`${one.uid} ${one.strategy_id} ${one.symbol}`}>
                    <th scope="row">{one.strategy_id}</th>
                    <td>{one.book === "shadow" ? "paper" : "live"}</td>
                    <td>{one.symbol}</td>
                    <td class="number">{quantity(one.qty)}</td>
                    <td class="number">{averagePrice(one.average_price)}</td>
                    <td class="number">{price(one.mark)}</td>
                    <td class="number">
                      <Gain usd={one.unrealized_pnl} />
                    </td>
                    <td class="number">{one.lots}</td>
                  </tr>
                ))}
              </Table>
              {found.is_truncated && <p class="muted">Only the first {found.items.length} are shown.</p>}
            </>
          )
        }
      </Loaded>
    </Section>
  );
}

function Fills({ fills }: { fills: Entry<Fill>[] }) {
  const columns = [
    { name: "Time" },
    { name: "Strategy" },
    { name: "Entry" },
    { name: "Symbol" },
    { name: "Quantity", isNumber: true },
    { name: "Price", isNumber: true },
    { name: "Fees, USD", isNumber: true },
    { name: "Nonce" },
  ];
  return (
    <Table caption="Fills" columns={columns}>
      {fills.map(({ id, value: fill }) => (
        <tr key={id}>
          <td>
            <Time at={timeOf(fill.ts)} />
          </td>
          <th scope="row">{fill.strategy_id ?? fill.strategyId ?? "–"}</th>
          <td>
            <What entry={fill} />
          </td>
          <td>{fill.symbol ?? "–"}</td>
          <td class="number">{fill.qty === undefined ? "–" : quantity(Number(fill.qty))}</td>
          <td class="number">{fill.price === undefined ? "–" : price(Number(fill.price))}</td>
          <td class="number">{fill.price === undefined ? "–" : price(Number(fill.fees ?? 0))}</td>
          <td>{fill.nonce ? <code>{fill.nonce.slice(0, 8)}…</code> : "–"}</td>
        </tr>
      ))}
    </Table>
  );
}

/** What an entry is: a fill's side, or its kind, with the amount where it is one of cash. */
function What({ entry: { kind = "fill", side, amount } }: { entry: Fill }) {
  return (
    <>
      {side && <ActionBadge action={String(side).toUpperCase()} />} {kind !== "fill" && words(kind)}{" "}
      {amount !== undefined && `${cents(Number(amount))}\u00a0USD`}
    </>
  );
}
