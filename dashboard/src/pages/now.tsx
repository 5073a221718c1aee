import type { Mark } from "../cockpit/cockpit";
import { rowsOf, sumOf } from "../cockpit/rows";
import { positionFields } from "../cockpit/tables";
import { type Board, useBoard } from "../cockpit/use-board";
import { timeOf, words } from "../format";
import type { Decision } from "../model";
import { Csv } from "../ui/csv";
import { DecidedToday } from "../ui/decided-today";
import { HealthStrip } from "../ui/health-strip";
import { MoneyPanel } from "../ui/money-panel";
import { NeedsYou } from "../ui/needs-you";
import { Ago, Heading, Section } from "../ui/parts";
import { PositionsSummary, worthOf } from "../ui/positions-summary";
import { Empty, Loaded, Shape } from "../ui/states";
import { StrategiesSummary } from "../ui/strategies-summary";

const OF_THE_ACCOUNT = new Set(["STALE_ACCOUNT", "MISSING_ACCOUNT", "MALFORMED_ACCOUNT"]);

/** Money first, then what waits for a person, then strategies, positions and what was decided today. */
export function Now() {
  const board = useBoard();
  const cockpit = board.cockpit.state === "ready" ? (board.cockpit.value ?? null) : null;
  const results = board.results.state === "ready" ? (board.results.value ?? null) : null;
  return (
    <div class="board">
      <Heading title="Now" isHidden>
        Now
      </Heading>
      <HealthStrip board={board} />
      <Loaded of={board.decision} what="the last cycle">
        {(last) => last && <LastCycle decision={last} />}
      </Loaded>
      <div class="row r1">
        <MoneyFirst board={board} />
        <NeedsYou />
      </div>
      <Loaded of={board.decision} what="strategies" shape={<Shape lines={6} />}>
        {(last) =>
          last && (
            <StrategiesSummary
              rows={rowsOf(last, cockpit, results, board.today)}
              thresholds={cockpit?.thresholds ?? []}
              account={board.money?.today ?? null}
            />
          )
        }
      </Loaded>
      <div class="row r3">
        <Positions board={board} marks={cockpit?.marks ?? {}} />
        {cockpit && <DecidedToday cockpit={cockpit} />}
      </div>
    </div>
  );
}

function MoneyFirst({ board }: { board: Board }) {
  return (
    <Loaded of={board.cockpit} what="the account" shape={<Shape lines={8} />}>
      {(cockpit) => {
        if (cockpit === undefined || board.money === null) {
          return (
            <Section title="Money">
              <Empty>
                {cockpit === undefined
                  ? "No cycle has run yet. The account shows here with the first one."
                  : "No cycle has seen the account's equity yet: every BUY is held until an account snapshot comes."}
              </Empty>
            </Section>
          );
        }
        const used = sumOf(Object.values(cockpit.strategies).map((one) => one.in_use));
        const inUse = used === null || board.money.equity <= 0 ? null : used / board.money.equity;
        return <MoneyPanel cockpit={cockpit} money={board.money} inUse={inUse} stale={staleOf(board)} />;
      }}
    </Loaded>
  );
}

/** The last cycle says whether the account was too old to act on. */
function staleOf({ decision }: Board): string | null {
  const issues = decision.state === "ready" ? (decision.value?.input_issues ?? []) : [];
  const issue = issues.find((one) => OF_THE_ACCOUNT.has(one.reason_code));
  return issue === undefined ? null : `${words(issue.reason_code)}: ${issue.detail}. Every BUY is held.`;
}

function Positions({ board, marks }: { board: Board; marks: Record<string, Mark> }) {
  const book = board.positions.state === "ready" ? board.positions.value : null;
  return (
    <Section
      title="Positions"
      count={book?.is_open ? worthOf(book) : undefined}
      aside={
        <>
          <a href="/positions">All positions</a>
          {book && <Csv table="Positions" rows={book.positions} fields={positionFields(board.today)} />}
        </>
      }
    >
      <Loaded of={board.positions} what="positions" shape={<Shape lines={4} />}>
        {(found) =>
          found.is_open ? (
            <PositionsSummary book={found} today={board.today} marks={marks} />
          ) : (
            <Empty>The position book is not open: it is unknown which strategy holds what.</Empty>
          )
        }
      </Loaded>
    </Section>
  );
}

/** What the last cycle says of itself: when, how it went, and what it could not use. */
function LastCycle({ decision }: { decision: Decision }) {
  const at = timeOf(decision.timestamp);
  const errors = Object.keys(decision.strategy_errors).length + Object.keys(decision.load_errors).length;
  return (
    <section class="strip" aria-label="Last cycle">
      <span>
        <span class="muted">Cycle</span> {at && <Ago at={at} short />}
      </span>
      <span class="grow">{decision.ai_summary}</span>
      {decision.systemic_risk_detected && <span class="warning">Systemic risk: {decision.systemic_risk_details}</span>}
      {errors > 0 && (
        <span class="warning">
          {errors} {errors === 1 ? "strategy" : "strategies"} failed or could not be loaded
        </span>
      )}
      {decision.input_issues.map((issue) => (
        <span class="warning" key={issue.reason_code}>
          {words(issue.reason_code)}: {issue.detail}
        </span>
      ))}
      <a href={`/decisions/${decision.session_id}`}>The whole decision</a>
    </section>
  );
}
