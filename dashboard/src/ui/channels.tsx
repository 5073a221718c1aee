/** Where notifications go, and whether they arrive. */

import { useEffect, useState } from "preact/hooks";
import { call, useAnswer } from "../api";
import { useAttempt } from "../attempt";
import { words } from "../format";
import type { ChannelTest, ShownChannel } from "../model";
import { useSession } from "../session";
import { Act } from "./act";
import { Command } from "./broker-status";
import { Csv } from "./csv";
import { Section, Table } from "./parts";
import { Empty, Loaded } from "./states";

export function ChannelsSection() {
  const { user } = useSession();
  const channels = useAnswer<{ items: ShownChannel[] }>(user, "/v1/channels", 0);
  return (
    <Section
      title="Channels"
      count="where alerts and reports go"
      aside={
        channels.state === "ready" && (
          <Csv
            table="Channels"
            rows={channels.value.items}
            fields={{
              channel: (one) => one.id,
              type: (one) => one.type,
              host: (one) => one.host,
              is_enabled: (one) => one.is_enabled,
              rules: (one) => one.rules.join("; "),
              problem: (one) => one.problem,
            }}
          />
        )
      }
    >
      <Loaded of={channels} what="channels">
        {({ items }) =>
          items.length === 0 ? <Empty>No channels: alerts show on the dashboard only.</Empty> : <Rows all={items} />
        }
      </Loaded>
      <Command does="An operator sets them" command="channel put … channels.json" />
    </Section>
  );
}

function Rows({ all }: { all: ShownChannel[] }) {
  return (
    <Table caption="Channels" columns={["Channel", "Type", "To", "Rules", "Test"]}>
      {all.map((one) => (
        <tr key={one.id}>
          <th scope="row">
            {one.id}
            {one.problem && <p class="warning">Malformed, and gets nothing: {one.problem}</p>}
          </th>
          <td>{one.type ? words(one.type) : "–"}</td>
          <td>{one.host ?? "–"}</td>
          <td class="c-wide">
            {one.problem ? "–" : one.is_enabled ? one.rules.join("; ") || "everything" : "switched off"}
          </td>
          <td class="c-wide">{one.problem === null && <SendTest channel={one} />}</td>
        </tr>
      ))}
    </Table>
  );
}

const PAUSE_MS = 2_000;
const OVER = new Set(["DELIVERED", "DEAD"]);

/** Send one message, and follow it until it has arrived or failed. */
function SendTest({ channel }: { channel: ShownChannel }) {
  const { user } = useSession();
  const [test, setTest] = useState<ChannelTest | null>(null);
  const { isBusy, problem, attempt } = useAttempt();
  const ask = async (method: string, path: string, headers: Record<string, string> = {}) => {
    await attempt(async () => {
      setTest(await call<ChannelTest>(user, method, `/v1/channels/${channel.id}/tests${path}`, { headers }));
    });
  };
  const isUnderWay = test !== null && !OVER.has(test.status);
  // Asked again until it is over, for as long as the page is open
  useEffect(() => {
    if (!isUnderWay) {
      return;
    }
    const timer = setTimeout(() => ask("GET", `/${test.test_id}`), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [test]);
  return (
    <>
      <Act
        onClick={() => ask("POST", "", { "Idempotency-Key": crypto.randomUUID() })}
        disabled={!channel.is_enabled || isBusy || isUnderWay}
        aria-label={`Send test to ${channel.id}`}
      >
        Send test
      </Act>
      <span role="status" class={test?.status === "DEAD" ? "bad told" : "told"}>
        {test && saidOf(test)}
      </span>
      <span role="alert" class="problem">
        {problem}
      </span>
    </>
  );
}

function saidOf({ status, attempts, detail }: ChannelTest): string {
  switch (status) {
    case "DELIVERED":
      return "Arrived.";
    case "DEAD":
      return `It did not arrive: ${detail}`;
    case "PENDING":
      return `Tried ${attempts} ${attempts === 1 ? "time" : "times"}${detail ? `: ${detail}` : ""} …`;
    default:
      return "On its way …";
  }
}
