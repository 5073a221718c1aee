import { useState } from "preact/hooks";
import { moment, timeOf } from "../format";
import { type Entry, useQuery } from "../live";
import { type Decision, verdictsOf } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";
import { Heading } from "../ui/parts";
import { Empty, Loaded } from "../ui/states";

const PAGE = 25;
const MOST = 200;

/** The timeline: newest first, growing at the top as cycles run. */
export function Decisions() {
  const { db, tenant } = useSession();
  const [shown, setShown] = useState(PAGE);
  const decisions = useQuery<Decision>(`decisions/${tenant}/${shown}`, paths.decisions(db, tenant, shown));
  return (
    <>
      <Heading title="Decisions">Decisions</Heading>
      <Loaded of={decisions} what="decisions">
        {(all) =>
          all.length === 0 ? (
            <Empty>No cycle has run yet. The first one shows here by itself.</Empty>
          ) : (
            <>
              <ol class="timeline" aria-live="polite">
                {all.map((decision) => (
                  <Moment key={decision.id} decision={decision} />
                ))}
              </ol>
              {all.length === shown && shown < MOST && (
                <button type="button" onClick={() => setShown(Math.min(MOST, shown + PAGE))}>
                  Show older
                </button>
              )}
              {shown >= MOST && <p class="muted">Older decisions: GET /v1/decisions.</p>}
            </>
          )
        }
      </Loaded>
    </>
  );
}

function Moment({ decision: { value: decision } }: { decision: Entry<Decision> }) {
  return (
    <li>
      <a class="when" href={`/decisions/${decision.session_id}`}>
        {moment(timeOf(decision.timestamp))}
      </a>
      <div>
        <p>{decision.ai_summary}</p>
        <p class="tags">
          {decision.systemic_risk_detected && <span class="tag critical">systemic risk</span>}
          {tag(moves(decision), "mode change")}
          {tag(Object.keys(decision.signals_modified).length, "signal changed", "signals changed")}
          {tag(Object.keys(decision.strategy_errors).length, "strategy failed", "strategies failed")}
          {decision.input_issues.length > 0 && <span class="tag warning">BUYs held</span>}
        </p>
      </div>
    </li>
  );
}

const moves = (decision: Decision): number =>
  verdictsOf(decision).filter(({ previous_mode, mode }) => previous_mode !== null && previous_mode !== mode).length;

function tag(count: number, one: string, many = `${one}s`) {
  return (
    count > 0 && (
      <span class="tag">
        {count} {count === 1 ? one : many}
      </span>
    )
  );
}
