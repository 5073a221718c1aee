import { useState } from "preact/hooks";
import { call, type Refusal } from "../api";
import { age, percent, ratio, timeOf, usdOrUnknown, words } from "../format";
import { type Entry, useDocument, useQuery } from "../live";
import { type Account, type Alert, type Decision, type StoredPolicy, type Verdict, verdictsOf } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";
import { KillSwitch } from "../ui/kill-switch";
import { LivePositionsSection } from "../ui/live-positions";
import { ActionBadge, Ago, Fact, Heading, ModeBadge, Section, Table, useNow } from "../ui/parts";
import { Empty, Loaded } from "../ui/states";

/** Decisions followed here; the Decisions page has the older ones. */
const RECENT = 30;
const MOST_ALERTS = 50;

export function Now() {
  const { db, tenant } = useSession();
  const decisions = useQuery<Decision>(`decisions/${tenant}/${RECENT}`, paths.decisions(db, tenant, RECENT));
  return (
    <>
      <Heading title="Now">Now</Heading>
      <div class="cards">
        <TradingStateCard />
        <Section title="Last cycle">
          <Loaded of={decisions} what="the last cycle">
            {([last]) => (last ? <LastCycle decision={last.value} /> : <Empty>No cycle has run yet.</Empty>)}
          </Loaded>
        </Section>
        <AccountCard />
      </div>
      <OpenAlerts />
      <LivePositionsSection />
      <Section title="Modes">
        <Loaded of={decisions} what="modes">
          {([last]) => (last ? <Modes decision={last.value} /> : <Empty>Modes come with the first cycle.</Empty>)}
        </Loaded>
      </Section>
      <Section title="Today's signals">
        <Loaded of={decisions} what="signals">
          {(all) => <TodaysSignals decisions={all} />}
        </Loaded>
      </Section>
    </>
  );
}

function TradingStateCard() {
  const { db, tenant, role } = useSession();
  const policy = useDocument<StoredPolicy>(paths.policy(db, tenant));
  const now = useNow(1_000);
  return (
    <Section title="Trading state">
      <Loaded of={policy} what="the trading state">
        {(stored) => {
          const until = timeOf(stored?.trading_state_until);
          const state = until !== null && until <= now ? "RUN" : (stored?.trading_state ?? "RUN");
          const at = timeOf(stored?.trading_state_at);
          return (
            <>
              <p class={`big state-${state.toLowerCase()}`}>{words(state)}</p>
              {state !== "RUN" && (
                <p>
                  {stored?.trading_state_reason ?? "no reason given"}
                  {until && <> · until {until.toLocaleString()}</>}
                </p>
              )}
              {at && (
                <p class="muted">
                  set {age(at, now)} by {stored?.trading_state_by}
                </p>
              )}
              {role === "admin" && <KillSwitch state={state} />}
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}

function LastCycle({ decision }: { decision: Decision }) {
  const at = timeOf(decision.timestamp);
  const errors = Object.keys(decision.strategy_errors).length + Object.keys(decision.load_errors).length;
  return (
    <>
      <p class="big">{at && <Ago at={at} />}</p>
      <p>{decision.ai_summary}</p>
      {decision.systemic_risk_detected && <p class="warning">Systemic risk: {decision.systemic_risk_details}</p>}
      {errors > 0 && <p class="warning">{errors} strategies failed or could not be loaded.</p>}
      {decision.input_issues.map((issue) => (
        <p class="warning" key={issue.reason_code}>
          {words(issue.reason_code)}: {issue.detail}
        </p>
      ))}
      <p>
        <a href={`/decisions/${decision.session_id}`}>The whole decision</a>
      </p>
    </>
  );
}

function AccountCard() {
  const { db, tenant } = useSession();
  const account = useDocument<Account>(paths.account(db, tenant));
  return (
    <Section title="Account">
      <Loaded of={account} what="the account">
        {(found) => {
          const at = timeOf(found?.as_of);
          return found ? (
            <dl class="facts">
              <Fact name="Equity">{usdOrUnknown(found.equity)}</Fact>
              <Fact name="Buying power">{usdOrUnknown(found.buying_power)}</Fact>
              <Fact name="As of">{at ? <Ago at={at} /> : "unknown: cycles hold every BUY"}</Fact>
            </dl>
          ) : (
            <Empty>No account snapshot yet: cycles hold every BUY until one comes.</Empty>
          );
        }}
      </Loaded>
    </Section>
  );
}

function OpenAlerts() {
  const { db, tenant } = useSession();
  const open = useQuery<Alert>(`alerts/${tenant}/OPEN`, paths.alertsInState(db, tenant, "OPEN", MOST_ALERTS));
  const taken = useQuery<Alert>(
    `alerts/${tenant}/ACKNOWLEDGED`,
    paths.alertsInState(db, tenant, "ACKNOWLEDGED", MOST_ALERTS),
  );
  return (
    <Section title="Open alerts">
      <Loaded of={open} what="alerts">
        {(fresh) => {
          const all = [...fresh, ...(taken.state === "ready" ? taken.value : [])];
          return all.length === 0 ? (
            <Empty>Nothing needs attention.</Empty>
          ) : (
            <ul class="alerts" aria-live="polite">
              {all.map((alert) => (
                <AlertItem key={alert.id} alert={alert} />
              ))}
            </ul>
          );
        }}
      </Loaded>
    </Section>
  );
}

function AlertItem({ alert: { id, value: alert } }: { alert: Entry<Alert> }) {
  const { user, role } = useSession();
  const [problem, setProblem] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const acknowledge = async () => {
    setIsBusy(true);
    setProblem("");
    try {
      await call(user, "POST", `/v1/alerts/${id}/ack`);
    } catch (error) {
      setProblem((error as Refusal).message);
    } finally {
      setIsBusy(false);
    }
  };
  const at = timeOf(alert.opened_at);
  return (
    <li class={`alert severity-${alert.severity.toLowerCase()}`}>
      <div>
        <strong>{alert.title}</strong>
        <p>{alert.detail}</p>
        <p class="muted">
          {words(alert.severity)} · {at && <Ago at={at} />}
          {alert.state === "ACKNOWLEDGED" && ` · taken on by ${alert.acknowledged_by}`}
        </p>
        <p class="problem" role="alert">
          {problem}
        </p>
      </div>
      {alert.state === "OPEN" && role !== "viewer" && (
        <button type="button" onClick={acknowledge} disabled={isBusy} aria-label={`Acknowledge ${alert.title}`}>
          Acknowledge
        </button>
      )}
    </li>
  );
}

function Modes({ decision }: { decision: Decision }) {
  const columns = [
    { name: "Strategy" },
    { name: "Mode" },
    { name: "Sharpe", isNumber: true },
    { name: "P(SR>0)", isNumber: true },
    { name: "Days", isNumber: true },
    { name: "Proposed", isNumber: true },
    { name: "Allowed", isNumber: true },
    { name: "Why" },
  ];
  return (
    <Table caption="Modes" columns={columns}>
      {verdictsOf(decision).map((verdict) => (
        <ModeRow key={verdict.strategy_name} verdict={verdict} />
      ))}
    </Table>
  );
}

function ModeRow({ verdict }: { verdict: Verdict }) {
  return (
    <tr>
      <th scope="row">
        <a href={`/strategies/${encodeURIComponent(verdict.strategy_name)}`}>{verdict.strategy_name}</a>
      </th>
      <td>
        <ModeBadge mode={verdict.mode} />
      </td>
      <td class="number">{ratio(verdict.sharpe_ratio)}</td>
      <td class="number">{percent(verdict.probabilistic_sharpe_ratio, 0)}</td>
      <td class="number">{verdict.data_points}</td>
      <td class="number">{percent(verdict.original_allocation)}</td>
      <td class="number">{percent(verdict.final_allocation)}</td>
      <td title={verdict.reasoning}>{words(verdict.reason_code)}</td>
    </tr>
  );
}

/** BUYs and SELLs of the day of the last decision, newest first, as proposed and as they left Maestro. */
function TodaysSignals({ decisions }: { decisions: Entry<Decision>[] }) {
  const last = timeOf(decisions[0]?.value.timestamp);
  const today = decisions.filter(({ value }) => timeOf(value.timestamp)?.toDateString() === last?.toDateString());
  const acted = today.flatMap(({ value: decision }) =>
    Object.entries(decision.signals)
      .filter(([, signal]) => (signal.original_action ?? signal.action) !== "HOLD")
      .map(([name, signal]) => ({ decision, name, signal })),
  );
  if (acted.length === 0) {
    return <Empty>{last ? "Every strategy holds." : "Signals come with the first cycle."}</Empty>;
  }
  const columns = [{ name: "Time" }, { name: "Strategy" }, { name: "Signal" }, { name: "Symbol" }, { name: "Why" }];
  return (
    <>
      <Table caption="Today's signals" columns={columns}>
        {acted.map(({ decision, name, signal }) => (
          <tr key={`${decision.session_id} ${name}`}>
            <td>
              <a href={`/decisions/${decision.session_id}`}>
                {timeOf(decision.timestamp)?.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}
              </a>
            </td>
            <th scope="row">{name}</th>
            <td>
              {signal.original_action && signal.original_action !== signal.action && (
                <>
                  <ActionBadge action={signal.original_action} /> →{" "}
                </>
              )}
              <ActionBadge action={signal.action} intent={signal.intent} />
            </td>
            <td>{signal.ticker}</td>
            <td>{decision.signals_modified[name] ?? signal.reasoning}</td>
          </tr>
        ))}
      </Table>
      {today.length === RECENT && <p class="muted">Of the last {RECENT} cycles; the Decisions page has the others.</p>}
    </>
  );
}
