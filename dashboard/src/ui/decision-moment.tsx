/** One decision in the timeline: in short, or the parts of it that are searched for. */

import { askedOf, isEntry, moveOf, type Part, partsOf } from "../cockpit/decided";
import { modeName, percent, timeOf, words } from "../format";
import { type Decision, type Verdict, verdictsOf } from "../model";
import { ModeMark } from "./figures";
import { ActionBadge } from "./parts";
import { Time } from "./time";

/** @param parts those that match; null: the whole decision. */
export function Moment({ decision, parts }: { decision: Decision; parts: Part[] | null }) {
  return (
    <li>
      <a class="when" href={`/decisions/${encodeURIComponent(decision.session_id)}`}>
        <Time at={timeOf(decision.timestamp)} />
      </a>
      <div>
        {parts === null ? (
          <Short decision={decision} />
        ) : (
          parts.map((part) => <OnePart key={part.verdict.strategy_name} part={part} />)
        )}
      </div>
    </li>
  );
}

function Short({ decision }: { decision: Decision }) {
  const moved = verdictsOf(decision).filter((verdict) => moveOf(verdict) !== null);
  return (
    <>
      <p>{decision.ai_summary}</p>
      <Proposed decision={decision} />
      {moved.map((verdict) => (
        <Move key={verdict.strategy_name} verdict={verdict} />
      ))}
      <p class="tags">
        {decision.systemic_risk_detected && <span class="tag critical">systemic risk</span>}
        {tag(Object.keys(decision.signals_modified).length, "signal changed", "signals changed")}
        {tag(Object.keys(decision.strategy_errors).length, "strategy failed", "strategies failed")}
        {decision.input_issues.length > 0 && <span class="tag warning">BUYs held</span>}
      </p>
    </>
  );
}

/** What strategies proposed in a cycle in which any did. */
function Proposed({ decision }: { decision: Decision }) {
  const parts = partsOf(decision).filter(({ signal }) => signal && askedOf(signal).action !== "HOLD");
  return (
    parts.length > 0 && (
      <p class="proposed">
        {parts.map((part) => (
          <span key={part.verdict.strategy_name}>
            <OneSignal part={part} /> <span class="muted">{part.verdict.strategy_name}</span>
          </span>
        ))}
      </p>
    )
  );
}

function OneSignal({ part: { verdict, signal, effect } }: { part: Part }) {
  if (signal === undefined) {
    return null;
  }
  const { action, intent } = askedOf(signal);
  return (
    <>
      <ActionBadge action={action} intent={intent} /> {action !== "HOLD" && <b>{signal.ticker}</b>}
      {isEntry(action, intent) && ` ${percent(verdict.original_allocation)}`}
      {effect && (
        <>
          {" → "}
          <span class="warning">{EFFECTS[effect]}</span>
          {effect === "cut" && ` ${percent(verdict.final_allocation)}`}
        </>
      )}
    </>
  );
}

/** A promotion is good news, and looks so; a demotion is worth a look, and not an alarm. */
export function Move({ verdict }: { verdict: Verdict }) {
  const move = moveOf(verdict);
  return (
    move !== null && (
      <p class={move === "up" ? "move good" : "move"}>
        <span aria-hidden="true">{move === "up" ? "▲" : "▼"}</span> <b>{verdict.strategy_name}</b>{" "}
        {move === "up" ? "promoted to" : "moved down to"} <ModeMark mode={verdict.mode} />
        {verdict.previous_mode && <span class="muted"> from {modeName(verdict.previous_mode)}</span>}
      </p>
    )
  );
}

const EFFECTS = { stopped: "stopped", cut: "made smaller", paper: "on paper only" } as const;

function OnePart({ part }: { part: Part }) {
  const { verdict, signal, codes } = part;
  return (
    <div class="part">
      <p>
        <a href={`/strategies/${encodeURIComponent(verdict.strategy_name)}`}>{verdict.strategy_name}</a>{" "}
        <ModeMark mode={verdict.mode} /> <OneSignal part={part} />
      </p>
      <Move verdict={verdict} />
      <p class="muted">
        {codes.map(words).join(" · ")}
        {verdict.reasoning && `: ${verdict.reasoning}`}
      </p>
      {signal?.reasoning && <p class="muted">It says: {signal.reasoning}</p>}
    </div>
  );
}

function tag(count: number, one: string, many: string) {
  return (
    count > 0 && (
      <span class="tag">
        {count} {count === 1 ? one : many}
      </span>
    )
  );
}
