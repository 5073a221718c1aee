/** What redeemed signals hold of the buying power. */

import { useAnswer } from "../api";
import { RESERVATIONS } from "../cockpit/tables";
import { timeOf, usd, usdOrUnknown, words } from "../format";
import { useQuery } from "../live";
import type { Fill, Reservations } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";
import { Csv } from "./csv";
import { ActionBadge, CELL, Fact, Head, ROW, Section, TABLE, useNow } from "./parts";
import { Empty, Loaded } from "./states";
import { Time } from "./time";

/** Reservations are the server's: they are asked for, not listened to. */
const EVERY_MS = 15_000;

export function ReservationsSection() {
  const { db, tenant, user } = useSession();
  const fills = useQuery<Fill>(`fills/${tenant}/1`, paths.fills(db, tenant, 1));
  const newestFill =
    fills.state === "loading" ? undefined : fills.state === "ready" ? (fills.value[0]?.id ?? "none") : "?";
  const now = useNow(EVERY_MS);
  const reservations = useAnswer<Reservations>(
    user,
    "/v1/reservations",
    newestFill && `${now.getTime()} ${newestFill}`,
  );
  return (
    <Section
      title="Reservations"
      aside={
        reservations.state === "ready" && (
          <Csv table="Reservations" rows={reservations.value.items} fields={RESERVATIONS} />
        )
      }
    >
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

const COLUMNS = [
  "Strategy",
  "Signal",
  "Status",
  { name: "Reserved", isNumber: true },
  { name: "Spent", isNumber: true },
  "Redeemed",
  "Lapses",
  "Nonce",
];

function ReservationsTable({ reservations: { items } }: { reservations: Reservations }) {
  return (
    <table class="t cards" aria-label="Reservations" {...TABLE}>
      <Head columns={COLUMNS} />
      <tbody>
        {items.map((one) => (
          <tr key={one.nonce_prefix} {...ROW}>
            <th scope="row">{one.strategy_id}</th>
            <td data-name="Signal" {...CELL}>
              <ActionBadge action={one.action} /> {one.symbol}
            </td>
            <td data-name="Status" {...CELL}>
              {one.is_lapsed ? "Lapsed" : words(one.status)}
            </td>
            <td class="number" data-name="Reserved" {...CELL}>
              {usd(one.notional)}
            </td>
            <td class="number" data-name="Spent" {...CELL}>
              {usd(one.spent)}
            </td>
            <td data-name="Redeemed" {...CELL}>
              <Time at={timeOf(one.redeemed_at)} />
            </td>
            <td data-name="Lapses" {...CELL}>
              <Time at={timeOf(one.lapses_at)} />
            </td>
            <td data-name="Nonce" {...CELL}>
              <code>{one.nonce_prefix}…</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
