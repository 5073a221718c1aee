/** Every strategy in a row: today, recently, how much it uses of what it may, and why. */

import { axisOf } from "../cockpit/ratio";
import { modesOf, type Row, restOf, sumOf } from "../cockpit/rows";
import { STRATEGIES } from "../cockpit/tables";
import { percent, ratio } from "../format";
import { Csv } from "./csv";
import { Gain, ModeMark } from "./figures";
import { CELL, Head, ROW, Section, TABLE } from "./parts";
import { RatioPicture, Sparkline } from "./sparkline";

interface StrategiesSummaryProps {
  rows: Row[];
  thresholds: number[];
  /** What the account made today, USD; null: unknown. */
  account: number | null;
}

/** Less than half a dollar shows as 0 in whole USD. */
const LEAST_SHOWN = 0.5;

export function StrategiesSummary({ rows, thresholds, account }: StrategiesSummaryProps) {
  const rest = restOf(account, rows);
  const axis = axisOf(
    rows.map((row) => row.interval),
    thresholds,
  );
  return (
    <Section
      title="Strategies"
      count={modesOf(rows)}
      aside={
        <>
          <a href="/strategies">Compare and switch</a>
          <Csv table="Strategies" rows={rows} fields={STRATEGIES} />
        </>
      }
    >
      <table class="t st" aria-label="Strategies" {...TABLE}>
        <Head
          columns={[
            "Strategy",
            "Mode",
            { name: "Today, USD", isNumber: true },
            { name: "30 sessions", isNumber: true },
            "90 sessions, modes",
            { name: "In use", isNumber: true, classes: "c-use" },
            { name: "Sharpe, 90 % interval", classes: "x-md" },
            { name: "Sharpe", isNumber: true },
            { name: "P(>0)", isNumber: true, classes: "x-md" },
            "Why",
          ]}
        />
        <tbody>
          {rows.map((row) => (
            <tr key={row.name} {...ROW}>
              <th scope="row" class="c-name">
                <a href={`/strategies/${encodeURIComponent(row.name)}`}>{row.name}</a>
              </th>
              <td class="c-mode" {...CELL}>
                <ModeMark mode={row.verdict.mode} />
              </td>
              <td class="number c-today" {...CELL}>
                <Gain usd={row.today} />
              </td>
              <td class="number c-d30" {...CELL}>
                <Gain usd={row.sessions30} />
              </td>
              <td class="c-spark" {...CELL}>
                <Sparkline results={row.results} />
              </td>
              <td class="number c-use" {...CELL}>
                <InUse row={row} />
              </td>
              <td class="x-md" {...CELL}>
                <RatioPicture ratio={row.ratio} interval={row.interval} axis={axis} thresholds={thresholds} />
              </td>
              <td class="number c-ratio" {...CELL}>
                {ratio(row.ratio)}
              </td>
              <td class="number x-md" {...CELL}>
                {percent(row.verdict.probabilistic_sharpe_ratio, 0)}
              </td>
              <td class="c-why" title={row.verdict.reasoning} {...CELL}>
                {row.why}
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr {...ROW}>
            <th scope="row">All strategies</th>
            <td {...CELL} />
            <td class="number" {...CELL}>
              <Gain usd={sumOf(rows.map((row) => row.today))} />
            </td>
            <td class="number" {...CELL}>
              <Gain usd={sumOf(rows.map((row) => row.sessions30 ?? 0))} />
            </td>
            <td {...CELL} />
            <td class="number c-use" {...CELL}>
              {percent(sumOf(rows.map((row) => row.inUse)))}
            </td>
            <td class="x-md" {...CELL} />
            <td {...CELL} />
            <td class="x-md" {...CELL} />
            <td {...CELL} />
          </tr>
          {rest !== null && Math.abs(rest) >= LEAST_SHOWN && (
            <tr {...ROW}>
              <th scope="row">Rest of the account</th>
              <td {...CELL} />
              <td class="number c-today" {...CELL}>
                <Gain usd={rest} />
              </td>
              <td class="muted" colSpan={7} {...CELL}>
                Unowned positions, the account's fees and interest, and prices read at another time
              </td>
            </tr>
          )}
        </tfoot>
      </table>
    </Section>
  );
}

/** What a strategy uses; marked where its mode lets it use nothing new, and it holds something all the same. */
export function InUse({ row }: { row: Row }) {
  const isLeft = (row.verdict.mode === "SHADOW_MODE" || row.verdict.mode === "DISABLED") && (row.inUse ?? 0) > 0;
  return <span class={isLeft ? "warning" : row.inUse === null ? "muted" : ""}>{percent(row.inUse)}</span>;
}
