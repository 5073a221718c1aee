import { useLocation } from "preact-iso";
import { addressOf, type Filter, filterOf, isFiltered, matching, type Part, rulesOf, spanOf } from "../cockpit/decided";
import { VERDICTS } from "../cockpit/verdict-table";
import { timeOf } from "../format";
import type { Entry } from "../live";
import type { Decision } from "../model";
import { usePages } from "../paged";
import * as paths from "../paths";
import { useSession } from "../session";
import { Csv } from "../ui/csv";
import { DecisionFilter } from "../ui/decision-filter";
import { Moment } from "../ui/decision-moment";
import { Older } from "../ui/older";
import { Heading, Section } from "../ui/parts";
import { RulesTable } from "../ui/rules-table";
import { Empty, Loaded } from "../ui/states";
import { Time } from "../ui/time";

/** Read at a time: the newest, or more in a search. */
const [PAGE, PAGE_FILTERED] = [25, 100];

/** What was decided, newest first, growing at the top as cycles run; what the address asks for, or all. */
export function Decisions() {
  const { db, tenant } = useSession();
  const { query, route } = useLocation();
  const filter = filterOf(query);
  const size = isFiltered(filter) ? PAGE_FILTERED : PAGE;
  const pages = usePages<Decision>({
    key: `decisions/${tenant}/${size}/${filter.from ?? ""}/${filter.to ?? ""}`,
    size,
    query: (after) => paths.decisionsBetween(db, tenant, spanOf(filter), size, after),
    at: (decision) => timeOf(decision.timestamp)?.getTime() ?? 0,
  });
  const read = pages.live.state === "ready" ? pages.live.value : [];
  return (
    <>
      <Heading title="Decisions">Decisions</Heading>
      <DecisionFilter filter={filter} decisions={read} change={(next) => route(addressOf(next), true)} />
      <Loaded of={pages.live} what="decisions">
        {(all) => (
          <>
            <Found all={all} filter={filter} isMore={pages.isMore} />
            <Older pages={pages} what="decisions" />
          </>
        )}
      </Loaded>
    </>
  );
}

interface Match {
  decision: Decision;
  parts: Part[];
}

function Found({ all, filter, isMore }: { all: Entry<Decision>[]; filter: Filter; isMore: boolean }) {
  if (all.length === 0) {
    return (
      <Empty>
        {filter.from || filter.to
          ? "No cycle ran in that time."
          : "No cycle has run yet. The first one shows here by itself."}
      </Empty>
    );
  }
  const isNarrow = filter.strategy !== undefined || filter.rule !== undefined || filter.text !== undefined;
  const found = all
    .map(({ value }): Match => ({ decision: value, parts: matching(value, filter) }))
    .filter(({ parts }) => !isNarrow || parts.length > 0);
  const parts = found.flatMap((one) => one.parts);
  return (
    <>
      <p class="muted" role="status">
        {isNarrow && `${found.length} of `}
        {all.length} {all.length === 1 ? "decision" : "decisions"}, back to{" "}
        <Time at={timeOf(all.at(-1)?.value.timestamp)} />
        {isMore ? "." : ": no more are on record."}
      </p>
      <RulesTable rows={rulesOf(parts)} filter={filter} />
      <Section
        title="Timeline"
        aside={
          <Csv
            table="Decisions"
            rows={found.flatMap(({ decision, parts }) => parts.map((part) => ({ decision, part })))}
            fields={VERDICTS}
          />
        }
      >
        {found.length === 0 ? (
          <Empty>None of them matches.</Empty>
        ) : (
          <ol class="timeline" aria-live="polite">
            {found.map(({ decision, parts }) => (
              <Moment key={decision.session_id} decision={decision} parts={isNarrow ? parts : null} />
            ))}
          </ol>
        )}
      </Section>
    </>
  );
}
