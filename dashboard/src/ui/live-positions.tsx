/** What strategies hold live now, by the position book, and what is under way. */

import { useAnswer } from "../api";
import { gain, moment, price, quantity, timeOf } from "../format";
import { useQuery } from "../live";
import type { Fill, LivePosition, LivePositions, OrderUnderWay } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";
import { Ago, Fact, IntentBadge, ModeBadge, Section, Table, useNow } from "./parts";
import { Empty, Loaded } from "./states";

/** The book is the server's: it is asked for, after every fill and every so often. */
const EVERY_MS = 15_000;

export function LivePositionsSection() {
  const { db, tenant, user } = useSession();
  const now = useNow(EVERY_MS);
  const fills = useQuery<Fill>(`fills/${tenant}/1`, paths.fills(db, tenant, 1));
  const newest = fills.state === "loading" ? undefined : fills.state === "ready" ? (fills.value[0]?.id ?? "none") : "?";
  const positions = useAnswer<LivePositions>(user, "/v1/positions", newest && `${now.getTime()} ${newest}`);
  return (
    <Section title="Live positions">
      <Loaded of={positions} what="live positions">
        {(found) => (found.is_open ? <Book book={found} /> : <Closed because={found.closed_because} />)}
      </Loaded>
    </Section>
  );
}

function Closed({ because }: { because: string | null }) {
  const { tenant } = useSession();
  return (
    <>
      {because === null ? (
        <p>The position book is not open: nobody knows which strategy holds what.</p>
      ) : (
        <p class="warning">
          The position book was closed, and nobody knows any more which strategy holds what: {because}.
        </p>
      )}
      <p>
        An operator opens it{because !== null && " again"}: <code>{`make maestro ARGS="book open ${tenant}"`}</code>
      </p>
    </>
  );
}

function Book({ book }: { book: LivePositions }) {
  const priced = book.positions.filter((one) => one.unrealized_pnl !== null);
  const total = priced.reduce((sum, one) => sum + (one.unrealized_pnl ?? 0), 0);
  const missing = book.positions.length - priced.length;
  const quoted = timeOf(book.market_data_as_of);
  return (
    <>
      <dl class="facts">
        <Fact name="P&L now">
          {priced.length > 0 ? <Gain usd={total} /> : "–"}
          {missing > 0 && priced.length > 0 && <span class="muted"> without {missing} that have no price</span>}
        </Fact>
        <Fact name="Prices of">{quoted ? <Ago at={quoted} /> : "unknown"}</Fact>
        <Fact name="Book opened">
          {moment(timeOf(book.opened_at))}
          {book.opened_by !== null && <span class="muted"> by {book.opened_by}</span>}
        </Fact>
      </dl>
      {book.positions.length === 0 ? <Empty>No strategy holds anything live.</Empty> : <Held all={book.positions} />}
      <h3>Orders under way</h3>
      {book.orders_under_way.length === 0 ? <Empty>None.</Empty> : <Orders all={book.orders_under_way} />}
      <h3>Unowned</h3>
      <Unowned book={book} />
      {book.is_truncated && <p class="muted">There is more than is shown here.</p>}
    </>
  );
}

/** One strategy's positions stand together; those that should not be there come first. */
function Held({ all }: { all: LivePosition[] }) {
  const sorted = all.toSorted((one, other) => Number(isLeft(other)) - Number(isLeft(one)));
  const columns = [
    { name: "Strategy" },
    { name: "Symbol" },
    { name: "Quantity", isNumber: true },
    { name: "Average price", isNumber: true },
    { name: "Price", isNumber: true },
    { name: "P&L now", isNumber: true },
    { name: "Exits under way", isNumber: true },
  ];
  return (
    <Table caption="Live positions" columns={columns}>
      {sorted.map((one, index) => (
        <tr key={`${one.strategy_id} ${one.symbol}`} class={isLeft(one) ? "left" : ""}>
          {sorted[index - 1]?.strategy_id !== one.strategy_id && (
            <Owner of={one} rows={all.filter(({ strategy_id }) => strategy_id === one.strategy_id).length} />
          )}
          <td class="symbol">{one.symbol}</td>
          <td class="number">{quantity(one.qty)}</td>
          <td class="number">{price(one.average_price)}</td>
          <td class="number">{one.price === null ? "–" : price(one.price)}</td>
          <td class="number">{one.unrealized_pnl === null ? "–" : <Gain usd={one.unrealized_pnl} />}</td>
          <td class="number">{one.exits_under_way === 0 ? "–" : quantity(one.exits_under_way)}</td>
        </tr>
      ))}
    </Table>
  );
}

/** A strategy that may not trade live, and holds something all the same. */
const isLeft = ({ mode }: LivePosition): boolean => mode === "SHADOW_MODE" || mode === "DISABLED";

function Owner({ of, rows }: { of: LivePosition; rows: number }) {
  return (
    <th scope="rowgroup" rowSpan={rows}>
      <a href={`/strategies/${encodeURIComponent(of.strategy_id)}`}>{of.strategy_id}</a>
      {isLeft(of) && of.mode && (
        <div class="muted">
          <ModeBadge mode={of.mode} /> <span class="whole">still holds this</span>
        </div>
      )}
    </th>
  );
}

function Orders({ all }: { all: OrderUnderWay[] }) {
  const columns = [
    { name: "Strategy" },
    { name: "Order" },
    { name: "Symbol" },
    { name: "At most", isNumber: true },
    { name: "Filled", isNumber: true },
    { name: "Lapses" },
    { name: "Nonce" },
  ];
  return (
    <Table caption="Orders under way" columns={columns}>
      {all.map((one) => (
        <tr key={one.nonce_prefix}>
          <th scope="row">{one.strategy_id}</th>
          <td>
            <IntentBadge intent={one.intent} />
          </td>
          <td>{one.symbol || "all it holds"}</td>
          <td class="number">{one.qty === null ? "–" : quantity(one.qty)}</td>
          <td class="number">{quantity(one.filled_qty)}</td>
          <td class="whole">
            {one.is_lapsed ? <span class="warning">lapsed, may be filled</span> : moment(timeOf(one.lapses_at))}
          </td>
          <td class="whole">
            <code>{one.nonce_prefix}…</code>
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** What the account holds, and no strategy does: none of them sees it, or sells it. */
function Unowned({ book: { unowned, account_as_of } }: { book: LivePositions }) {
  if (unowned === null) {
    return <Empty>Unknown: no account snapshot lists positions.</Empty>;
  }
  const at = timeOf(account_as_of);
  if (unowned.length === 0) {
    return <Empty>Nothing: every position of the account belongs to a strategy.</Empty>;
  }
  return (
    <p>
      <strong>{unowned.map((one) => `${quantity(one.qty)} ${one.symbol}`).join(", ")}</strong>: the account holds it
      {at && <> as of {moment(at)}</>}, and no strategy does. None of them sees it, or sells it.
    </p>
  );
}

function Gain({ usd }: { usd: number }) {
  return <span class={usd > 0 ? "gain" : usd < 0 ? "loss" : ""}>{gain(usd)}</span>;
}
