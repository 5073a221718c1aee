/** All strategies on one screen, to compare and to switch. */

import { axisOf, type Interval } from "../cockpit/ratio";
import { modesOf, type Row, rowsOf, sumOf } from "../cockpit/rows";
import { STRATEGIES } from "../cockpit/tables";
import { useBoard } from "../cockpit/use-board";
import { correlation, percent, points, ratio, shortDay, timeOf } from "../format";
import { useDocument } from "../live";
import type { LivePosition, StoredPolicy } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";
import { Together } from "../ui/correlations";
import { Csv } from "../ui/csv";
import { Gain, ModeMark } from "../ui/figures";
import { CELL, Head, Heading, ROW, Section, TABLE } from "../ui/parts";
import { RatioPicture, Sparkline } from "../ui/sparkline";
import { Empty, Loaded, Shape } from "../ui/states";
import { InUse } from "../ui/strategies-summary";
import { StrategySwitch } from "../ui/strategy-switch";
import { Time } from "../ui/time";
import { zoneName } from "../zone";

export function AllStrategies() {
  const { db, tenant } = useSession();
  const board = useBoard();
  const policy = useDocument<StoredPolicy>(paths.policy(db, tenant));
  const cockpit = board.cockpit.state === "ready" ? (board.cockpit.value ?? null) : null;
  const results = board.results.state === "ready" ? (board.results.value ?? null) : null;
  const book = board.positions.state === "ready" && board.positions.value.is_open ? board.positions.value : null;
  const stored = policy.state === "ready" ? policy.value : undefined;
  return (
    <div class="board">
      <Heading title="Strategies" isHidden>
        Strategies
      </Heading>
      <Loaded of={board.decision} what="strategies" shape={<Shape lines={10} />}>
        {(last) => {
          if (last === undefined) {
            return <Empty>Strategies show here after the first cycle.</Empty>;
          }
          const rows = rowsOf(last, cockpit, results, board.today);
          return (
            <>
              <Compared
                rows={rows}
                thresholds={cockpit?.thresholds ?? []}
                policy={stored}
                isSwitchable={policy.state === "ready"}
                heldBy={(name) => book?.positions.filter((one) => one.strategy_id === name) ?? null}
              />
              <Together results={results} names={rows.map((row) => row.name)} />
            </>
          );
        }}
      </Loaded>
    </div>
  );
}

interface ComparedProps {
  rows: Row[];
  thresholds: number[];
  policy: StoredPolicy | undefined;
  isSwitchable: boolean;
  heldBy: (name: string) => LivePosition[] | null;
}

function Compared({ rows, thresholds, policy, isSwitchable, heldBy }: ComparedProps) {
  const axis = axisOf(
    rows.map((row) => row.interval),
    thresholds,
  );
  const lines = ["0", ...thresholds].join(", ");
  return (
    <Section
      title="Strategies"
      count={modesOf(rows)}
      aside={<Csv table="Strategies" rows={rows} fields={STRATEGIES} />}
    >
      <table class="t full" aria-label="Strategies" {...TABLE}>
        <Head
          columns={[
            "On",
            "Strategy",
            "Mode",
            { name: "Allowed of asked", isNumber: true },
            { name: "In use", isNumber: true },
            { name: "Today, USD", isNumber: true },
            { name: "30 sessions", isNumber: true },
            { name: "90 sessions", isNumber: true },
            { name: "Max drawdown", isNumber: true },
            `Sharpe ratio; lines at ${lines}`,
            { name: "Sharpe", isNumber: true },
            { name: "90 % interval", isNumber: true },
            { name: "Active days", isNumber: true },
            "Record, modes below",
            { name: "Mean corr.", isNumber: true },
            lastSignal(),
          ]}
        />
        <tbody>
          {rows.map((row) => (
            <StrategyRow key={row.name} row={row} axis={axis} thresholds={thresholds}>
              {isSwitchable && <StrategySwitch name={row.name} policy={policy} held={heldBy(row.name)} />}
            </StrategyRow>
          ))}
        </tbody>
        <tfoot>
          <tr {...ROW}>
            <td {...CELL} />
            <th scope="row">All strategies</th>
            <td {...CELL} />
            <td {...CELL} />
            <td class="number" data-name="In use" {...CELL}>
              {percent(sumOf(rows.map((row) => row.inUse)))}
            </td>
            <td class="number" data-name="Today, USD" {...CELL}>
              <Gain usd={sumOf(rows.map((row) => row.today))} cents />
            </td>
            <td class="number" data-name="30 sessions" {...CELL}>
              <Gain usd={sumOf(rows.map((row) => row.sessions30 ?? 0))} />
            </td>
            <td class="number" data-name="90 sessions" {...CELL}>
              <Gain usd={sumOf(rows.map((row) => row.sessions90 ?? 0))} />
            </td>
            <td colSpan={8} {...CELL} />
          </tr>
        </tfoot>
      </table>
    </Section>
  );
}

interface StrategyRowProps {
  row: Row;
  axis: Interval;
  thresholds: number[];
  children: preact.ComponentChildren;
}

function StrategyRow({ row, axis, thresholds, children }: StrategyRowProps) {
  const since = timeOf(row.now?.since);
  return (
    <tr {...ROW}>
      <td class="c-sw" {...CELL}>
        {children}
      </td>
      <th scope="row" class="c-name">
        <a href={`/strategies/${encodeURIComponent(row.name)}`}>{row.name}</a>
      </th>
      <td class="c-mode" title={row.verdict.reasoning} {...CELL}>
        <ModeMark mode={row.verdict.mode} />{" "}
        {since && (
          <small>
            since <Time at={since}>{shortDay(since)}</Time>
          </small>
        )}
      </td>
      <td class="number" data-name="Allowed" {...CELL}>
        {row.verdict.original_allocation === 0 ? (
          <span class="muted">none asked</span>
        ) : (
          <>
            {points(row.verdict.final_allocation)} <small>of {percent(row.verdict.original_allocation)}</small>
          </>
        )}
      </td>
      <td class="number" data-name="In use" {...CELL}>
        <InUse row={row} />
      </td>
      <td class="number" data-name="Today, USD" {...CELL}>
        <Gain usd={row.today} cents />
      </td>
      <td class="number" data-name="30 sessions" {...CELL}>
        <Gain usd={row.sessions30} />
      </td>
      <td class="number" data-name="90 sessions" {...CELL}>
        <Gain usd={row.sessions90} />
      </td>
      <td class="number" data-name="Max drawdown" {...CELL}>
        {percent(row.maxDrawdown)}
      </td>
      <td class="c-interval" data-name="Sharpe ratio" {...CELL}>
        <RatioPicture ratio={row.ratio} interval={row.interval} axis={axis} thresholds={thresholds} />
      </td>
      <td class="number" data-name="Sharpe" {...CELL}>
        <b>{ratio(row.ratio)}</b>
      </td>
      <td class="number" data-name="90 % interval" {...CELL}>
        {row.interval === null ? (
          <span class="muted">n/a</span>
        ) : (
          `${row.interval.low.toFixed(1).replace("-", "\u2212")} to ${row.interval.high.toFixed(1).replace("-", "\u2212")}`
        )}
      </td>
      <td class="number" data-name="Active days" {...CELL}>
        {row.verdict.data_points}
      </td>
      <td class="c-spark" data-name="Record, modes" {...CELL}>
        <Sparkline results={row.results} />
      </td>
      <td class="number" data-name="Correlation" {...CELL}>
        {correlation(row.withOthers)}
      </td>
      <td data-name={lastSignal()} {...CELL}>
        <small>
          <LastSignal row={row} />
        </small>
      </td>
    </tr>
  );
}

const lastSignal = (): string => `Last signal, ${zoneName(new Date())}`;

function LastSignal({ row: { now } }: { row: Row }) {
  const at = timeOf(now?.last?.[2]);
  return now?.last && at ? (
    <>
      {now.last[0]} {now.last[1]} <Time at={at} as="when" />
    </>
  ) : (
    <>none</>
  );
}
