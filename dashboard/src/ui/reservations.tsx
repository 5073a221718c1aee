/** What redeemed signals hold of the buying power. */

import { useAnswer } from "../api";
import { RESERVATIONS } from "../cockpit/tables";
import { timeOf, usd, whole, words } from "../format";
import { useQuery } from "../live";
import type { Fill, Reservations } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";
import { Csv } from "./csv";
import { ActionBadge, Fact, Section, Table, useNow } from "./parts";
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
              <Fact name="Buying power">{usd(found.buying_power)}</Fact>
              <Fact name="Reserved and spent">{usd(found.held)}</Fact>
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
  { name: "Reserved, USD", isNumber: true },
  { name: "Spent, USD", isNumber: true },
  "Redeemed",
  "Lapses",
  "Nonce",
];

function ReservationsTable({ reservations: { items } }: { reservations: Reservations }) {
  return (
    <Table caption="Reservations" columns={COLUMNS}>
      {items.map((one) => (
        <tr key={one.nonce_prefix}>
          <th scope="row">{one.strategy_id}</th>
          <td>
            <ActionBadge action={one.action} /> {one.symbol}
          </td>
          <td>{one.is_lapsed ? "Lapsed" : words(one.status)}</td>
          <td class="number">{whole(one.notional)}</td>
          <td class="number">{whole(one.spent)}</td>
          <td>
            <Time at={timeOf(one.redeemed_at)} as="brief" />
          </td>
          <td>
            <Time at={timeOf(one.lapses_at)} as="brief" />
          </td>
          <td>
            <code>{one.nonce_prefix}…</code>
          </td>
        </tr>
      ))}
    </Table>
  );
}
