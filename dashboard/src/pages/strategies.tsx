import { useLocation } from "preact-iso";
import { useAnswer } from "../api";
import { addressOf } from "../cockpit/decided";
import { MONTHS } from "../cockpit/tables";
import { month, percent, ratio, timeOf } from "../format";
import { type Entry, useDocument, useQuery } from "../live";
import { type Decision, type Month, type StrategyCurves, verdictsOf } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";
import { Chart, ModeLegend } from "../ui/chart";
import { Csv } from "../ui/csv";
import { Gain, GainShare, ModeMark } from "../ui/figures";
import { Heading, Section, Table } from "../ui/parts";
import { Empty, Loaded } from "../ui/states";
import { AllStrategies } from "./all-strategies";

const DAYS = 250;
const MOST_MONTHS = 48;

/** All strategies on one screen; with a name, one strategy's record: equity, drawdown, rolling Sharpe and its months. */
export function Strategies({ name }: { name?: string }) {
  return name === undefined ? <AllStrategies /> : <OneStrategy name={name} />;
}

function OneStrategy({ name: chosen }: { name: string }) {
  const { db, tenant } = useSession();
  const decisions = useQuery<Decision>(`decisions/${tenant}/1`, paths.decisions(db, tenant, 1));
  return (
    <>
      <p>
        <a href="/strategies">← All strategies</a>
      </p>
      <Heading title={chosen}>{chosen}</Heading>
      <Loaded of={decisions} what="strategies">
        {([last]) => {
          const verdicts = last === undefined ? [] : verdictsOf(last.value);
          const verdict = verdicts.find((one) => one.strategy_name === chosen);
          return (
            <>
              <Chooser names={verdicts.map((one) => one.strategy_name)} chosen={chosen} />
              {verdict && (
                <p>
                  <ModeMark mode={verdict.mode} /> {verdict.reasoning}{" "}
                  <a href={addressOf({ strategy: chosen })}>Decisions of {chosen}</a>
                </p>
              )}
              <Record key={chosen} name={chosen} />
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function Chooser({ names, chosen }: { names: string[]; chosen: string }) {
  const { route } = useLocation();
  const all = names.includes(chosen) ? names : [...names, chosen];
  return (
    <div class="chooser">
      <label for="strategy">Strategy</label>
      <select
        id="strategy"
        value={chosen}
        onChange={(event) => route(`/strategies/${encodeURIComponent(event.currentTarget.value)}`)}
      >
        {all.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </div>
  );
}

function Record({ name }: { name: string }) {
  const { db, tenant, user } = useSession();
  // The windows change whenever days were computed: that is when the curves are new.
  const windows = useDocument<{ dates: string[] }>(paths.windows(db, tenant));
  const version = windows.state === "ready" ? (windows.value ?? "none") : undefined;
  const curves = useAnswer<StrategyCurves>(
    user,
    `/v1/strategies/${encodeURIComponent(name)}/curve?days=${DAYS}`,
    version,
  );
  const months = useQuery<Month>(`months/${tenant}/${name}`, paths.months(db, tenant, name, MOST_MONTHS));
  return (
    <>
      <Loaded of={curves} what="curves">
        {(found) => <Charts curves={found} />}
      </Loaded>
      <Section
        title="Months"
        aside={months.state === "ready" && <Csv table={`Months of ${name}`} rows={months.value} fields={MONTHS} />}
      >
        <Loaded of={months} what="months">
          {(all) => <Months months={all} />}
        </Loaded>
      </Section>
    </>
  );
}

function Charts({ curves }: { curves: StrategyCurves }) {
  const hasPaper = curves.shadow.equity.some((value) => value !== null);
  const books = [
    { name: "live", color: "--live", values: curves.live },
    ...(hasPaper ? [{ name: "on paper", color: "--shadow", values: curves.shadow }] : []),
  ];
  const { reduce, shadow } = curves.thresholds;
  return (
    <>
      <ModeLegend />
      <Section title="Equity">
        <Chart
          what="Equity, 1 at the start"
          curves={curves}
          lines={books.map((book) => ({ name: book.name, color: book.color, values: book.values.equity }))}
          format={(value) => value.toFixed(3)}
        />
      </Section>
      <Section title="Drawdown">
        <Chart
          what="Drawdown from the peak"
          curves={curves}
          lines={books.map((book) => ({ name: book.name, color: book.color, values: book.values.drawdown }))}
          format={(value) => percent(value)}
        />
      </Section>
      <Section title="Rolling Sharpe ratio">
        <Chart
          what={`Sharpe ratio over ${curves.lookback_days} days`}
          curves={curves}
          lines={[{ name: "Sharpe", color: "--live", values: curves.sharpe }]}
          thresholds={[
            { name: `ACTIVE from ${reduce}`, value: reduce },
            { name: `SHADOW below ${shadow}`, value: shadow },
          ]}
          format={(value) => ratio(value)}
        />
      </Section>
    </>
  );
}

/** Nothing was held or traded, so that no day could be won. */
const wasIdle = (one: Month): boolean => one.fills === 0 && one.return_fraction === 0 && one.pnl === 0;

function Months({ months }: { months: Entry<Month>[] }) {
  if (months.length === 0) {
    return <Empty>Months show here after the first month's end.</Empty>;
  }
  const columns = [
    { name: "Month" },
    { name: "Book" },
    { name: "P&L, USD", isNumber: true },
    { name: "Return", isNumber: true },
    { name: "Sharpe", isNumber: true },
    { name: "Drawdown", isNumber: true },
    { name: "Win rate", isNumber: true },
    { name: "Days", isNumber: true },
    { name: "Fills", isNumber: true },
  ];
  return (
    <Table caption="Months" columns={columns}>
      {months.map(({ id, value: one }) => {
        const start = timeOf(one.period_start);
        return (
          <tr key={id}>
            <th scope="row">{one.month ?? (start && month(start))}</th>
            <td>{one.book === "shadow" ? "paper" : "live"}</td>
            <td class="number">
              <Gain usd={one.pnl} />
            </td>
            <td class="number">
              <GainShare share={one.return_fraction} />
            </td>
            <td class="number">{ratio(one.sharpe_ratio)}</td>
            <td class="number">{percent(one.max_drawdown, 2)}</td>
            <td class="number">{wasIdle(one) ? "n/a" : percent(one.win_rate, 0)}</td>
            <td class="number">{one.trading_days}</td>
            <td class="number">{one.fills}</td>
          </tr>
        );
      })}
    </Table>
  );
}
