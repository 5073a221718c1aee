/** What is held, a position a row, with what it makes today and in all. */

import { type Mark, symbolKey } from "../cockpit/cockpit";
import { positionKey, type Today } from "../cockpit/today";
import { averagePrice, price, quantity, whole } from "../format";
import type { LivePosition, LivePositions } from "../model";
import { Gain, ModeMark } from "./figures";
import { CELL, Head, ROW, TABLE } from "./parts";
import { Empty } from "./states";

export const isLeft = ({ mode }: LivePosition): boolean => mode === "SHADOW_MODE" || mode === "DISABLED";

const worth = (one: { qty: number; price: number | null }): number | null =>
  one.price === null ? null : one.qty * one.price;

/** Return the price of what no strategy holds: that of one which holds it too, else the last cycle's. */
const priceOf = (symbol: string, book: LivePositions, marks: Record<string, Mark>): number | null =>
  book.positions.find((one) => symbolKey(one.symbol) === symbolKey(symbol))?.price ??
  marks[symbolKey(symbol)]?.price ??
  null;

export function worthOf(book: LivePositions): string {
  const symbols = new Set(book.positions.map((one) => one.symbol)).size;
  const known = book.positions.map(worth).filter((value) => value !== null);
  const gross = known.reduce((sum, value) => sum + Math.abs(value), 0);
  const missing = book.positions.length - known.length;
  return `${whole(gross)} USD in ${symbols} ${symbols === 1 ? "symbol" : "symbols"}${missing > 0 ? `, ${missing} without a price` : ""}`;
}

interface Props {
  book: LivePositions;
  today: Today | null;
  /** The last cycle's, by symbol. */
  marks: Record<string, Mark>;
}

export function PositionsSummary({ book, today, marks }: Props) {
  const unowned = (book.unowned ?? []).map((one) => ({ ...one, price: priceOf(one.symbol, book, marks) }));
  if (book.positions.length + unowned.length === 0) {
    return <Empty>No strategy holds anything live.</Empty>;
  }
  const sorted = book.positions.toSorted((one, other) => Number(isLeft(other)) - Number(isLeft(one)));
  return (
    <table class="t ps" aria-label="Positions" {...TABLE}>
      <Head
        columns={[
          "Symbol",
          "Owner",
          { name: "Qty", isNumber: true },
          { name: "Average", isNumber: true, classes: "x-lg" },
          { name: "Last", isNumber: true },
          { name: "Value", isNumber: true, classes: "x-lg" },
          { name: "Today", isNumber: true },
          { name: "P&L", isNumber: true },
          "Note",
        ]}
      />
      <tbody>
        {sorted.map((one) => (
          <tr key={`${one.strategy_id} ${one.symbol}`} {...ROW}>
            <th scope="row" class="c-name">
              {one.symbol}
            </th>
            <td class="c-own" {...CELL}>
              {one.mode && <ModeMark mode={one.mode} bare />}{" "}
              <a href={`/strategies/${encodeURIComponent(one.strategy_id)}`}>{one.strategy_id}</a>
            </td>
            <td class="number c-qty" {...CELL}>
              {quantity(one.qty)}
              <span class="only-sm"> at {averagePrice(one.average_price)}</span>
            </td>
            <td class="number x-lg c-avg" {...CELL}>
              {averagePrice(one.average_price)}
            </td>
            <td class="number c-mk" {...CELL}>
              {one.price === null ? "n/a" : price(one.price)}
            </td>
            <td class="number x-lg" {...CELL}>
              {whole(worth(one))}
            </td>
            <td class="number c-day" {...CELL}>
              <Gain usd={today?.byPosition.get(positionKey(one.strategy_id, one.symbol)) ?? null} />
            </td>
            <td class="number c-pl" {...CELL}>
              <Gain usd={one.unrealized_pnl} />
            </td>
            <td class="c-flag" {...CELL}>
              {isLeft(one) && (
                <span class="warning">{one.mode === "DISABLED" ? "disabled" : "shadowed"}, still held</span>
              )}
              {one.exits_under_way !== 0 && <> {quantity(one.exits_under_way)} under way</>}
            </td>
          </tr>
        ))}
        {unowned.map((one) => (
          <tr key={`unowned ${one.symbol}`} {...ROW}>
            <th scope="row" class="c-name">
              {one.symbol}
            </th>
            <td class="c-own muted" {...CELL}>
              unowned
            </td>
            <td class="number c-qty" {...CELL}>
              {quantity(one.qty)}
            </td>
            <td class="number x-lg c-avg muted" {...CELL}>
              n/a
            </td>
            <td class="number c-mk" {...CELL}>
              {one.price === null ? "n/a" : price(one.price)}
            </td>
            <td class="number x-lg" {...CELL}>
              {whole(worth(one))}
            </td>
            <td class="number c-day muted" {...CELL}>
              n/a
            </td>
            <td class="number c-pl muted" {...CELL}>
              n/a
            </td>
            <td class="c-flag" {...CELL}>
              <span class="warning">no strategy sees it</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
