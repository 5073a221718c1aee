/** What the lines of the money chart are, and what each made: the account, raw, the benchmark. */

import { type Compared, comparedOf } from "../cockpit/compared";
import type { Point } from "../cockpit/money";
import { gainWhole, shortDay } from "../format";
import { Gain } from "./figures";

/** A line next to the account's: its words and where its values are. */
export interface Beside {
  name: string;
  kind: "raw" | "benchmark";
  value: (point: Point) => number | null;
  compared: Compared;
}

/** Return the lines that there are; `benchmark` is its symbol. */
export function besideOf(points: Point[], benchmark: string | null): Beside[] {
  const lines: Omit<Beside, "compared">[] = [
    { name: "Strategies alone", kind: "raw", value: ({ raw }) => raw },
    { name: `${benchmark}, same flows`, kind: "benchmark", value: (point) => point.benchmark },
  ];
  return lines.flatMap((line) => {
    const compared = comparedOf(points, line.value);
    return compared === null ? [] : [{ ...line, compared }];
  });
}

export function MoneyLegend({ points, beside }: { points: Point[]; beside: Beside[] }) {
  const account = comparedOf(points, ({ pnl }) => pnl);
  if (account === null) {
    return null;
  }
  const shown: Omit<Beside, "value">[] = [{ name: "Account", kind: "raw", compared: account }, ...beside];
  return (
    <>
      <ul class="legend">
        {shown.map(({ name, kind, compared }, at) => (
          <li key={name}>
            <svg width="26" height="10" viewBox="0 0 26 10" aria-hidden="true">
              <line x1="0" x2="26" y1="5" y2="5" class={at === 0 ? "account" : kind} />
            </svg>
            <span>
              {name} <Gain usd={compared.pnl} />{" "}
              <span class="muted">
                <span class="nw">max drawdown {gainWhole(compared.maxDrawdown)}</span>
                {compared.from !== account.from &&
                  `, since ${dayOf(compared.from)}: account ${gainWhole(compared.account)}`}
              </span>
            </span>
          </li>
        ))}
      </ul>
      {beside.some(({ kind }) => kind === "raw") && (
        <p class="lab">
          Strategies alone: what their own records made, on paper where they were followed on paper, else live; 90
          sessions at most, up to the last night.
        </p>
      )}
    </>
  );
}

const dayOf = (day: string): string => shortDay(new Date(`${day}T12:00:00`));

/** Say in words what the compared lines made. */
export function saidOf(beside: Beside[]): string {
  return beside
    .map(({ name, compared: { from, pnl, account } }) => {
      return ` ${name} since ${from}: ${gainWhole(pnl)} USD, the account ${gainWhole(account)}.`;
    })
    .join("");
}
