/** Which strategies hold the same risk: a matrix, its figures in every cell. */

import { type AllResults, correlationOf, MOST_CORRELATED } from "../cockpit/results";
import { correlation } from "../format";
import { Csv } from "./csv";
import { Section } from "./parts";
import { Empty } from "./states";

const MOST = 24;
const HIGH = 0.6;
const STEPS = 5;

export function Together({ results, names }: { results: AllResults | null; names: string[] }) {
  return (
    <Section
      title="Do they move together?"
      count="daily returns, 90 sessions; bold from 0.60"
      aside={results && <CorrelationsCsv results={results} names={names} />}
    >
      {results === null ? (
        <Empty>Correlations show here once nightly jobs have written two weeks of sessions.</Empty>
      ) : (
        <Correlations results={results} names={names} />
      )}
    </Section>
  );
}

function Correlations({ results, names }: { results: AllResults; names: string[] }) {
  const candidates = names.slice(0, MOST_CORRELATED);
  const known = candidates.filter((name) =>
    candidates.some((other) => other !== name && between(results, name, other) !== null),
  );
  if (known.length === 0) {
    return <Empty>No two strategies have ten sessions in common yet.</Empty>;
  }
  const shown = known.slice(0, MOST);
  const left = names.length - shown.length;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="scroll" aria-label="Correlations" tabIndex={0}>
        <table class="corr">
          <thead>
            <tr>
              <td />
              {shown.map((name) => (
                <th key={name} scope="col">
                  <abbr title={name}>{shortened(name)}</abbr>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((name) => (
              <tr key={name}>
                <th scope="row">
                  <span class="x-sm">{name}</span>
                  <abbr class="only-sm" title={name}>
                    {shortened(name)}
                  </abbr>
                </th>
                {shown.map((other) => (
                  <Cell key={other} value={name === other ? undefined : between(results, name, other)} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p class="muted only-sm">{shown.map((name) => `${shortened(name)}: ${name}`).join(", ")}.</p>
      <p class="muted">
        {summary(results, shown)}
        {left > 0 && ` ${left} more have too few sessions, or do not fit here.`}
      </p>
    </>
  );
}

/** A line for each pair that has enough sessions in common, all strategies. */
function CorrelationsCsv({ results, names }: { results: AllResults; names: string[] }) {
  const pairs = names.flatMap((one, at) =>
    names.slice(at + 1).map((other) => ({ one, other, value: between(results, one, other) })),
  );
  return (
    <Csv
      table="Correlations"
      rows={pairs.filter((pair) => pair.value !== null)}
      fields={{ strategy: (pair) => pair.one, other: (pair) => pair.other, correlation: (pair) => pair.value }}
    />
  );
}

function Cell({ value }: { value: number | null | undefined }) {
  if (value === undefined) {
    return <td class="muted">·</td>;
  }
  const step = value === null ? 0 : Math.min(STEPS, Math.floor(Math.abs(value) * STEPS + 0.5));
  return (
    <td class={value !== null && value < 0 ? `neg-${step}` : `pos-${step}`}>
      {value !== null && value >= HIGH ? <b>{correlation(value)}</b> : correlation(value)}
    </td>
  );
}

function between(results: AllResults, one: string, other: string): number | null {
  const [own, beside] = [results.byStrategy.get(one), results.byStrategy.get(other)];
  return own === undefined || beside === undefined ? null : correlationOf(own, beside);
}

/** Return the capitals of a name in camel case, or its first letters. */
function shortened(name: string): string {
  const capitals = name.replaceAll(/[^A-Z0-9]/g, "");
  return capitals.length >= 2 ? capitals.slice(0, 5) : name.slice(0, 4);
}

function summary(results: AllResults, names: string[]): string {
  const pairs = names.flatMap((one, at) =>
    names.slice(at + 1).map((other) => ({ one, other, value: between(results, one, other) ?? 0 })),
  );
  const closest = pairs.toSorted((a, b) => b.value - a.value)[0];
  return closest === undefined || closest.value < HIGH
    ? "No two hold much of the same risk."
    : `${closest.one} and ${closest.other} (${correlation(closest.value)}) hold much of the same risk.`;
}
