/** What strategies hold live now, by the position book, and what is under way. */

import { ORDERS, positionFields, UNOWNED } from "../cockpit/tables";
import { positionKey, type Today } from "../cockpit/today";
import type { Board } from "../cockpit/use-board";
import { averagePrice, price, quantity, timeOf } from "../format";
import type { LivePosition, LivePositions, OrderUnderWay } from "../model";
import { useSession } from "../session";
import { Csv } from "./csv";
import { Gain, ModeMark } from "./figures";
import { Ago, Fact, IntentBadge, Section, Table } from "./parts";
import { isLeft } from "./positions-summary";
import { Empty, Loaded, Shape } from "./states";
import { Time } from "./time";

export function LivePositionsSection({ board }: { board: Board }) {
  return (
    <Section title="Live positions" aside={<PositionsCsv board={board} />}>
      <Loaded of={board.positions} what="live positions" shape={<Shape lines={6} />}>
        {(found) =>
          found.is_open ? <Book book={found} today={board.today} /> : <Closed because={found.closed_because} />
        }
      </Loaded>
    </Section>
  );
}

function PositionsCsv({ board }: { board: Board }) {
  const book = board.positions.state === "ready" && board.positions.value.is_open ? board.positions.value : null;
  return book && <Csv table="Positions" rows={book.positions} fields={positionFields(board.today)} />;
}

function Closed({ because }: { because: string | null }) {
  const { tenant } = useSession();
  return (
    <>
      {because === null ? (
        <p>The position book is not open: it is unknown which strategy holds what.</p>
      ) : (
        <p class="warning">
          The position book was closed, and it is no longer known which strategy holds what: {because}.
        </p>
      )}
      <p>
        An operator opens it{because !== null && " again"}: <code>{`make maestro ARGS="book open ${tenant}"`}</code>
      </p>
    </>
  );
}

function Book({ book, today }: { book: LivePositions; today: Today | null }) {
  const priced = book.positions.filter((one) => one.unrealized_pnl !== null);
  const total = priced.reduce((sum, one) => sum + (one.unrealized_pnl ?? 0), 0);
  const missing = book.positions.length - priced.length;
  const quoted = timeOf(book.market_data_as_of);
  return (
    <>
      <dl class="facts">
        <Fact name="P&L now">
          {priced.length > 0 ? (
            <>
              <Gain usd={total} cents />
              {"\u00a0USD"}
            </>
          ) : (
            "n/a"
          )}
          {missing > 0 && priced.length > 0 && <span class="muted"> without {missing} that have no price</span>}
        </Fact>
        <Fact name="Prices of">{quoted ? <Ago at={quoted} /> : "unknown"}</Fact>
        <Fact name="Book opened">
          <Time at={timeOf(book.opened_at)} />
          {book.opened_by !== null && <span class="muted"> by {book.opened_by}</span>}
        </Fact>
      </dl>
      {book.positions.length === 0 ? (
        <Empty>No strategy holds anything live.</Empty>
      ) : (
        <Held all={book.positions} today={today} />
      )}
      <div class="section-head">
        <h3>Orders under way</h3>
        <Csv table="Orders under way" rows={book.orders_under_way} fields={ORDERS} />
      </div>
      {book.orders_under_way.length === 0 ? <Empty>None.</Empty> : <Orders all={book.orders_under_way} />}
      <div class="section-head">
        <h3>Unowned</h3>
        <Csv table="Unowned" rows={book.unowned ?? []} fields={UNOWNED} />
      </div>
      <Unowned book={book} />
      {book.is_truncated && <p class="muted">There is more than is shown here.</p>}
    </>
  );
}

/** Those that should not be there come first. */
function Held({ all, today }: { all: LivePosition[]; today: Today | null }) {
  const sorted = all.toSorted((one, other) => Number(isLeft(other)) - Number(isLeft(one)));
  return (
    <Table
      caption="Live positions"
      columns={[
        "Strategy",
        "Symbol",
        { name: "Quantity", isNumber: true },
        { name: "Average price", isNumber: true },
        { name: "Price", isNumber: true },
        { name: "Today, USD", isNumber: true },
        { name: "P&L now, USD", isNumber: true },
        { name: "Exits under way", isNumber: true },
      ]}
    >
      {sorted.map((one) => (
        <tr key={`${one.strategy_id} ${one.symbol}`}>
          <th scope="row">
            <a href={`/strategies/${encodeURIComponent(one.strategy_id)}`}>{one.strategy_id}</a>
            {isLeft(one) && one.mode && (
              <div class="warning">
                <ModeMark mode={one.mode} /> still holds this
              </div>
            )}
          </th>
          <td>{one.symbol}</td>
          <td class="number">{quantity(one.qty)}</td>
          <td class="number">{averagePrice(one.average_price)}</td>
          <td class="number">{one.price === null ? "n/a" : price(one.price)}</td>
          <td class="number">
            <Gain usd={today?.byPosition.get(positionKey(one.strategy_id, one.symbol)) ?? null} cents />
          </td>
          <td class="number">
            <Gain usd={one.unrealized_pnl} cents />
          </td>
          <td class={one.exits_under_way === 0 ? "number is-none" : "number"}>{quantity(one.exits_under_way)}</td>
        </tr>
      ))}
    </Table>
  );
}

function Orders({ all }: { all: OrderUnderWay[] }) {
  return (
    <Table
      caption="Orders under way"
      columns={[
        "Strategy",
        "Order",
        "Symbol",
        { name: "At most", isNumber: true },
        { name: "Filled", isNumber: true },
        "Lapses",
        "Nonce",
      ]}
    >
      {all.map((one) => (
        <tr key={one.nonce_prefix}>
          <th scope="row">{one.strategy_id}</th>
          <td>
            <IntentBadge intent={one.intent} />
          </td>
          <td>{one.symbol || "all it holds"}</td>
          <td class="number">
            {one.qty !== null ? quantity(one.qty) : one.intent === "ENTRY" ? "its reservation" : "n/a"}
          </td>
          <td class="number">{quantity(one.filled_qty)}</td>
          <td>
            {one.is_lapsed ? (
              <span class="warning">lapsed, may be filled</span>
            ) : (
              <Time at={timeOf(one.lapses_at)} as="brief" />
            )}
          </td>
          <td>
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
      {at && (
        <>
          {" "}
          as of <Time at={at} />
        </>
      )}
      , and no strategy does. None of them sees it, or sells it.
    </p>
  );
}
