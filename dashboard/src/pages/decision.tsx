import { askedOf, isEntry, type Part, partsOf } from "../cockpit/decided";
import { VERDICTS } from "../cockpit/verdict-table";
import { moment, percent, ratio, timeOf, words } from "../format";
import { useDocument } from "../live";
import { type Decision, type Intent, verdictsOf } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";
import { Csv } from "../ui/csv";
import { Move } from "../ui/decision-moment";
import { ModeMark } from "../ui/figures";
import { ActionBadge, Fact, Heading, Section, Table } from "../ui/parts";
import { Empty, Loaded } from "../ui/states";
import { Time } from "../ui/time";

/** One decision in full: what every strategy proposed, what it became, and by which rules. */
export function DecisionPage({ session }: { session?: string }) {
  const { db } = useSession();
  const decision = useDocument<Decision>(paths.decision(db, session ?? ""));
  return (
    <>
      <p>
        <a href="/decisions">← All decisions</a>
      </p>
      <Loaded of={decision} what="the decision">
        {(found) => (found ? <Whole decision={found} /> : <Missing session={session} />)}
      </Loaded>
    </>
  );
}

function Missing({ session }: { session: string | undefined }) {
  return (
    <>
      <Heading title="Decision">Decision</Heading>
      <Empty>There is no decision {session}.</Empty>
    </>
  );
}

function Whole({ decision }: { decision: Decision }) {
  const at = timeOf(decision.timestamp);
  return (
    <>
      <Heading title={`Decision of ${moment(at)}`}>
        Decision of <Time at={at} />
      </Heading>
      <Section
        title="Summary"
        aside={decision.ai_summary_source !== "text" && <span class="tag">by {decision.ai_summary_source}</span>}
      >
        <p class="lead">{decision.ai_summary}</p>
        {verdictsOf(decision).map((verdict) => (
          <Move key={verdict.strategy_name} verdict={verdict} />
        ))}
        {decision.systemic_risk_detected && <p class="warning">Systemic risk: {decision.systemic_risk_details}</p>}
        <dl class="facts">
          <Fact name="Session">
            <code>{decision.session_id}</code>
          </Fact>
          <Fact name="Slot">
            {decision.slot ? <Time at={timeOf(decision.slot)} /> : "asked for, outside the schedule"}
          </Fact>
          <Fact name="Signals expire">
            <Time at={timeOf(decision.expires_at)} />
          </Fact>
          <Fact name="Policy">version {decision.policy_version}</Fact>
          <Fact name="Took">{Math.round(decision.duration_ms)} ms</Fact>
        </dl>
      </Section>
      <Section
        title="Before → after"
        aside={<Csv table="Decision" rows={partsOf(decision).map((part) => ({ decision, part }))} fields={VERDICTS} />}
      >
        <BeforeAfter decision={decision} />
      </Section>
      <Section title="Rules that fired">
        <Rules decision={decision} />
      </Section>
      <Problems title="Strategies that failed" of={decision.strategy_errors} />
      <Problems title="Strategies that cannot be loaded" of={decision.load_errors} />
    </>
  );
}

function BeforeAfter({ decision }: { decision: Decision }) {
  const columns = [
    { name: "Strategy" },
    { name: "Mode" },
    { name: "Sharpe", isNumber: true },
    { name: "Proposed" },
    { name: "Became" },
    { name: "Reason" },
  ];
  return (
    <Table caption="Before and after, by strategy" columns={columns} classes="verdicts">
      {partsOf(decision).map((part) => (
        <Row key={part.verdict.strategy_name} part={part} />
      ))}
    </Table>
  );
}

function Row({ part: { verdict, signal, effect } }: { part: Part }) {
  const hasMoved = verdict.previous_mode !== null && verdict.previous_mode !== verdict.mode;
  return (
    <tr>
      <th scope="row">{verdict.strategy_name}</th>
      <td class="c-two">
        {hasMoved && verdict.previous_mode && (
          <>
            <ModeMark mode={verdict.previous_mode} /> →{" "}
          </>
        )}
        <ModeMark mode={verdict.mode} />
      </td>
      <td class="number">{ratio(verdict.sharpe_ratio)}</td>
      <td class="whole c-two">
        {signal && <Signal {...askedOf(signal)} ticker={signal.ticker} share={verdict.original_allocation} />}
      </td>
      <td class="whole">
        {signal && (
          <Signal
            action={signal.action}
            intent={signal.intent}
            share={effect === "paper" ? null : verdict.final_allocation}
          />
        )}
      </td>
      <td class="c-wide">
        <span class="codes">{(verdict.reason_codes ?? [verdict.reason_code]).map(words).join(" · ")}</span>
        <p class="muted">{verdict.reasoning}</p>
      </td>
    </tr>
  );
}

interface SignalProps {
  action: string;
  intent: Intent | undefined;
  ticker?: string;
  /** Of the buying power; null: on paper. */
  share: number | null;
}

/** What is to be done with which share of the buying power; only an entry has one. */
function Signal({ action, intent, ticker, share }: SignalProps) {
  return (
    <>
      <ActionBadge action={action} intent={intent} />
      {ticker && action !== "HOLD" && ` ${ticker}`}
      {isEntry(action, intent) && ` ${share === null ? "on paper" : percent(share)}`}
    </>
  );
}

function Rules({ decision }: { decision: Decision }) {
  const changed = Object.entries(decision.signals_modified);
  if (changed.length === 0 && decision.input_issues.length === 0) {
    return <Empty>None: every signal left as its mode allows.</Empty>;
  }
  return (
    <ul>
      {decision.input_issues.map((issue) => (
        <li key={issue.reason_code}>
          <strong>{words(issue.reason_code)}</strong>: {issue.detail}
        </li>
      ))}
      {changed.map(([name, change]) => (
        <li key={name}>
          <strong>{name}</strong>: {change}
        </li>
      ))}
    </ul>
  );
}

function Problems({ title, of }: { title: string; of: Record<string, string> }) {
  const entries = Object.entries(of);
  return (
    entries.length > 0 && (
      <Section title={title}>
        <ul>
          {entries.map(([name, error]) => (
            <li key={name}>
              <strong>{name}</strong>: {error}
            </li>
          ))}
        </ul>
      </Section>
    )
  );
}
