import { useState } from "preact/hooks";
import { useAnswer } from "../api";
import { moment, price, quantity, timeOf, usd, usdOrUnknown, words } from "../format";
import { type Entry, useDocument, useQuery } from "../live";
import type { Fill, OpenLots, Reservations } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";
import { ActionBadge, Fact, Heading, Section, Table, useNow } from "../ui/parts";
import { Empty, Loaded } from "../ui/states";

const PAGE = 50;
const MOST = 500;
/** Reservations are the server's: they are asked for, not listened to. */
const RESERVATIONS_EVERY_MS = 15_000;

export function Ledger() {
  const { db, tenant } = useSession();
  const [shown, setShown] = useState(PAGE);
  const fills = useQuery<Fill>(`fills/${tenant}/${shown}`, paths.fills(db, tenant, shown));
  const newest = fills.state === "ready" ? (fills.value[0]?.id ?? "none") : undefined;
  return (
    <>
      <Heading title="Ledger">Ledger</Heading>
      <ReservationsSection newestFill={newest} />
      <LotsSection />
      <Section title="Fills">
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

function ReservationsSection({ newestFill }: { newestFill: string | undefined }) {
  const { user } = useSession();
  const now = useNow(RESERVATIONS_EVERY_MS);
  const reservations = useAnswer<Reservations>(
    user,
    "/v1/reservations",
    newestFill && `${now.getTime()} ${newestFill}`,
  );
  return (
    <Section title="Reservations">
      <Loaded of={reservations} what="reservations">
        {(found) => (
          <>
            <dl class="facts">
              <Fact name="Buying power">{usdOrUnknown(found.buying_power)}</Fact>
              <Fact name="Held">{usd(found.held)}</Fact>
            </dl>
            {found.items.length === 0 ? (
              <Empty>Nothing is reserved.</Empty>
            ) : (
              <ReservationsTable reservations={found} />
            )}
          </>
        )}
      </Loaded>
    </Section>
  );
}

function ReservationsTable({ reservations: { items } }: { reservations: Reservations }) {
  const columns = [
    { name: "Redeemed" },
    { name: "Strategy" },
    { name: "Signal" },
    { name: "Status" },
    { name: "Reserved", isNumber: true },
    { name: "Spent", isNumber: true },
    { name: "Lapses" },
    { name: "Nonce" },
  ];
  return (
    <Table caption="Reservations" columns={columns}>
      {items.map((one) => (
        <tr key={one.nonce_prefix}>
          <td>{moment(timeOf(one.redeemed_at))}</td>
          <th scope="row">{one.strategy_id}</th>
          <td>
            <ActionBadge action={one.action} /> {one.symbol}
          </td>
          <td>{one.is_lapsed ? "Lapsed" : words(one.status)}</td>
          <td class="number">{usd(one.notional)}</td>
          <td class="number">{usd(one.spent)}</td>
          <td>{moment(timeOf(one.lapses_at))}</td>
          <td>
            <code>{one.nonce_prefix}…</code>
          </td>
        </tr>
      ))}
    </Table>
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
    { name: "Unrealised", isNumber: true },
    { name: "Lots", isNumber: true },
  ];
  return (
    <Section title="Open lots">
      <Loaded of={lots} what="open lots">
        {(found) =>
          found.items.length === 0 ? (
            <Empty>Nothing is held as of the last nightly snapshot.</Empty>
          ) : (
            <>
              <p class="muted">As of the nightly snapshot up to {moment(timeOf(found.as_of))}.</p>
              <Table caption="Open lots" columns={columns}>
                {found.items.map((one) => (
                  <tr key={`${one.uid} ${one.strategy_id} ${one.symbol}`}>
                    <th scope="row">{one.strategy_id}</th>
                    <td>{one.book === "shadow" ? "paper" : "live"}</td>
                    <td>{one.symbol}</td>
                    <td class="number">{quantity(one.qty)}</td>
                    <td class="number">{price(one.average_price)}</td>
                    <td class="number">{price(one.mark)}</td>
                    <td class="number">{usd(one.unrealized_pnl)}</td>
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
    { name: "Kind" },
    { name: "Side" },
    { name: "Symbol" },
    { name: "Quantity", isNumber: true },
    { name: "Price", isNumber: true },
    { name: "Fees", isNumber: true },
    { name: "Nonce" },
  ];
  return (
    <Table caption="Fills" columns={columns}>
      {fills.map(({ id, value: fill }) => (
        <tr key={id}>
          <td>{moment(timeOf(fill.ts))}</td>
          <th scope="row">{fill.strategy_id ?? fill.strategyId ?? "–"}</th>
          <td>{fill.kind ?? "fill"}</td>
          <td>{fill.side ? <ActionBadge action={String(fill.side).toUpperCase()} /> : "–"}</td>
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
