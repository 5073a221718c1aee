/** What each rule did to entries, over the decisions that were read. */

import { addressOf, type Filter, type RuleRow } from "../cockpit/decided";
import type { Fields } from "../csv";
import { words } from "../format";
import { Csv } from "./csv";
import { Section, Table } from "./parts";
import { Empty } from "./states";

const FIELDS: Fields<RuleRow> = {
  rule: (row) => row.code,
  stopped: (row) => row.stopped,
  cut: (row) => row.cut,
  on_paper: (row) => row.paper,
  strategies: (row) => row.strategies.join(" "),
};

export function RulesTable({ rows, filter }: { rows: RuleRow[]; filter: Filter }) {
  return (
    <Section
      title="What rules stopped"
      count="signals, in the decisions below"
      aside={<Csv table="Rules" rows={rows} fields={FIELDS} />}
    >
      {rows.length === 0 ? (
        <Empty>Nothing: every signal passed in full, or none was proposed.</Empty>
      ) : (
        <Table
          caption="What rules stopped"
          columns={[
            "Rule",
            { name: "Stopped", isNumber: true },
            { name: "Made smaller", isNumber: true },
            { name: "On paper", isNumber: true },
            "Strategies",
          ]}
          classes="rules"
        >
          {rows.map((row) => (
            <tr key={row.code}>
              <th scope="row">
                <a href={addressOf({ ...filter, rule: row.code })}>{words(row.code)}</a>
              </th>
              <td class="number">{row.stopped}</td>
              <td class="number">{row.cut}</td>
              <td class="number">{row.paper}</td>
              <td class="c-wide">
                {row.strategies.map((name, at) => (
                  <span key={name}>
                    {at > 0 && ", "}
                    <a href={addressOf({ ...filter, strategy: name })}>{name}</a>
                  </span>
                ))}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}
