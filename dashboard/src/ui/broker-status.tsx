/** How the tenant's broker is connected, what is wrong with it, and the command that repairs it. */

import { useAnswer } from "../api";
import { timeOf, words } from "../format";
import type { Broker } from "../model";
import { useSession } from "../session";
import { Csv } from "./csv";
import { Ago, Fact, Section, useNow } from "./parts";
import { Loaded } from "./states";
import { Time } from "./time";

/** Feeds come every five minutes at most. */
const EVERY_MS = 60_000;

export function BrokerStatus() {
  const { user } = useSession();
  const now = useNow(EVERY_MS);
  const broker = useAnswer<Broker>(user, "/v1/broker", now.getTime());
  return (
    <Section
      title="Broker"
      aside={
        broker.state === "ready" && (
          <Csv
            table="Broker messages"
            rows={broker.value.told}
            fields={{ time: (one) => timeOf(one.at), text: (one) => one.text }}
          />
        )
      }
    >
      <Loaded of={broker} what="the broker">
        {(found) => (found.status === "NONE" ? <Never /> : <Known broker={found} />)}
      </Loaded>
    </Section>
  );
}

function Never() {
  return (
    <>
      <p class="empty">No broker is connected: account, prices and fills come from a client of the API.</p>
      <Command does="An operator connects one" command="broker connect" />
    </>
  );
}

function Known({ broker }: { broker: Broker }) {
  const isConnected = broker.status === "CONNECTED";
  const failing = timeOf(broker.failing_since);
  const feed = broker.feed;
  const fed = timeOf(feed?.at);
  return (
    <>
      <dl class="facts">
        <Fact name="Broker">
          {words(broker.broker ?? "unknown")} {broker.account}{" "}
          {broker.is_live ? <strong class="bad">LIVE: real money</strong> : <span class="tag">paper</span>}
        </Fact>
        <Fact name="Connection">
          <span class={isConnected ? "ok" : "warning"}>{isConnected ? "Connected" : "Disconnected"}</span>
        </Fact>
        <Fact name="Connected on">
          <Time at={timeOf(broker.connected_at)} />
          <span class="muted"> by {broker.connected_by}</span>
        </Fact>
        <Fact name="Last feed">
          {fed && feed ? (
            <>
              <span class={FEEDS[feed.status] ?? ""}>{words(feed.status)}</span> <Ago at={fed} short />
              <span class="muted"> {feed.booked} booked</span>
            </>
          ) : (
            "none yet"
          )}
        </Fact>
      </dl>
      {failing && feed && (
        <p class="warning">
          It has failed since <Time at={failing} />: {feed.detail}
        </p>
      )}
      {!failing && feed && feed.status !== "OK" && <p>{feed.detail}</p>}
      {broker.told.length > 0 && (
        <>
          <h3>What it reported</h3>
          <ul>
            {broker.told.map((one) => (
              <li key={`${one.at} ${one.text}`}>
                <Time at={timeOf(one.at)} />: {one.text}
              </li>
            ))}
          </ul>
        </>
      )}
      <Command
        does={isConnected ? "An operator disconnects it" : "An operator connects it again"}
        command={isConnected ? "broker disconnect" : "broker connect"}
      />
    </>
  );
}

const FEEDS: Record<string, string> = { OK: "ok", BEHIND: "warning", FAILED: "bad" };

/** What to type where the API cannot do it. */
export function Command({ does, command }: { does: string; command: string }) {
  const { tenant } = useSession();
  const [first, ...others] = command.split(" … ");
  return (
    <p>
      {does}: <code>{`make maestro ARGS="${[first, tenant, ...others].join(" ")}"`}</code>
    </p>
  );
}
