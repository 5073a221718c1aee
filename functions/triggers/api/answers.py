"""What clients get."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.intent import Intent
from functions.domain.trading.redemption import RedemptionStatus
from functions.domain.trading.reported_fills import FillStatus


class Answer(BaseModel):
    """Base of all."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class OpenAnswer(BaseModel):
    """Base of what carries fields of a strategy's, or a document's, own."""

    model_config = ConfigDict(extra="allow")


class Health(Answer):
    """That the function answers."""

    status: str


class Signal(OpenAnswer):
    """A signal as it was issued, with the identity to redeem."""

    strategy_name: str
    action: str
    ticker: str
    mode: str
    intent: Intent = Field(description="What it does to the strategy's position; every EXIT passes.")
    allocation: float = Field(description="Fraction of buying power; of the position, for a SELL that exits.")
    max_qty: float | None = Field(
        default=None, description="The most an exit may trade, units; null where nobody knows, and of an entry."
    )
    max_qty_by_symbol: dict[str, float] = Field(default={}, description="The same of an exit that names no symbol.")
    original_allocation: float
    notional: float | None = Field(description="Buying power it asks for, USD; null without an account snapshot.")
    confidence: float
    reasoning: str
    reason_code: str
    sharpe_ratio: float | None
    nonce: str = Field(description="Redeem it once; then it is the broker's client_order_id.")
    agent_id: str
    session_id: str
    identity_timestamp: datetime
    expires_at: datetime


class Signals(Answer):
    """The current session's signals."""

    session_id: str
    expires_at: datetime
    buying_power: float | None
    reserved: float = Field(description="Buying power that redeemed signals hold, USD.")
    ledger_version: int = Field(description="How many entries are on record; an account snapshot may name it.")
    signals: dict[str, Signal] = Field(description="By strategy.")


class Decision(OpenAnswer):
    """One logged decision."""

    session_id: str
    tenant_id: str
    timestamp: datetime
    slot: str | None
    ai_summary: str
    systemic_risk_detected: bool
    systemic_risk_details: str | None
    allocation_decisions: list[dict[str, Any]] = Field(
        description="One per strategy that is ACTIVE, REDUCED or SHADOW_MODE; an unknown Sharpe ratio is null."
    )
    disabled_decisions: list[dict[str, Any]] = Field(default=[], description="The same of disabled strategies.")
    signals: dict[str, dict[str, Any]]
    signals_modified: dict[str, str]


class Decisions(Answer):
    """Decisions, newest first."""

    items: list[Decision]
    next_page_token: str | None


class Orchestration(Answer):
    """A cycle's decision, and its signals."""

    decision: Decision
    signals: dict[str, Signal] = Field(description="By strategy.")


class Redemption(Answer):
    """A redeemed signal: trade it, with the nonce as client_order_id."""

    nonce: str
    status: RedemptionStatus
    session_id: str
    agent_id: str
    strategy_id: str
    action: str
    symbol: str
    mode: str
    allocation: float
    notional: float = Field(description="Buying power it reserves, USD; 0 for an exit.")
    redeemed_at: datetime
    intent: Intent
    max_qty: float | None = Field(description="The most an exit may trade, units; null where nobody knows.")
    max_qty_by_symbol: dict[str, float] = Field(description="The same of an exit that names no symbol.")
    lapses_at: datetime = Field(description="When what is not filled is free again.")
    filled_qty: float
    filled_notional: float
    fills: int
    filled_at: datetime | None
    released_at: datetime | None


class FillResult(Answer):
    """What became of one fill."""

    fill_id: str
    status: FillStatus
    reason_code: ReasonCode | None = Field(description="Why it was rejected, or what is odd about it.")


class FillResults(Answer):
    """What became of every fill, in order."""

    results: list[FillResult]
    ledger_version: int = Field(description="How many entries are on record; an account snapshot may name it.")


class EntryResult(Answer):
    """What became of one entry."""

    entry_id: str = Field(validation_alias="fill_id", description="Its id in the ledger, which a void names.")
    status: FillStatus
    reason_code: ReasonCode | None = Field(description="Why it was rejected.")


class EntryResults(Answer):
    """What became of every entry, in order."""

    results: list[EntryResult]
    ledger_version: int = Field(description="How many entries are on record; an account snapshot may name it.")


class Summary(Answer):
    """What Maestro did over some hours."""

    total_decisions: int
    systemic_risk_events: int
    strategies_reduced: list[str]
    strategies_shadowed: list[str]
    strategies_disabled: list[str]
    mode_changes: int
    mode_distribution: dict[str, int]


class Explanation(Answer):
    """Why a strategy did, or did not, trade."""

    session_id: str
    at: datetime
    strategy_name: str
    verdict: str = Field(description="The whole in one sentence.")
    steps: list[str] = Field(description="What was proposed, what each rule did, what was redeemed and filled.")
    reason_codes: list[str]


class Performance(OpenAnswer):
    """A strategy's day or month."""

    id: str
    uid: str
    strategy_id: str
    period: str
    session: str | None = Field(default=None, description="Of a day: the trading day, YYYY-MM-DD.")
    month: str | None = Field(default=None, description="Of a month: YYYY-MM, the month of its sessions.")
    period_start: datetime
    period_end: datetime
    book: str
    pnl: float
    return_fraction: float


class Performances(Answer):
    """Performance, newest first."""

    items: list[Performance]
    next_page_token: str | None


class Curve(Answer):
    """One book, day by day; null where there is nothing."""

    return_fraction: list[float | None]
    equity: list[float | None] = Field(
        description="Compounded; 1 before the first day shown, 0 from a day on that lost all."
    )
    drawdown: list[float | None] = Field(description="From the highest so far, 0 or negative.")


class Thresholds(Answer):
    """Sharpe ratios at which modes change."""

    reduce: float
    shadow: float


class StrategyCurve(Answer):
    """A strategy's record; every list has one entry per day, oldest first."""

    strategy_id: str
    lookback_days: int
    thresholds: Thresholds
    days: list[date]
    live: Curve
    shadow: Curve = Field(description="On paper.")
    sharpe: list[float | None] = Field(description="Annualised, over the lookback up to the day.")
    book: list[str | None] = Field(description="Which book counted, live or shadow; null where neither did.")
    mode: list[str | None] = Field(description="At the day's end; null where it is not on record.")


class OpenPosition(Answer):
    """All open lots of one user, strategy and symbol."""

    uid: str
    strategy_id: str
    symbol: str
    book: str
    qty: float = Field(description="Units; below 0 short.")
    average_price: float
    mark: float
    unrealized_pnl: float = Field(description="USD, net of the costs carried.")
    lots: int


class OpenPositions(Answer):
    """What was held at the last nightly snapshot."""

    as_of: datetime | None = Field(description="null before the first one.")
    items: list[OpenPosition]
    is_truncated: bool


class LivePosition(Answer):
    """What one strategy holds of one symbol."""

    strategy_id: str
    symbol: str
    qty: float = Field(description="Units; below 0 short.")
    average_price: float
    price: float | None = Field(description="USD per unit, of the market data; null where they have none.")
    unrealized_pnl: float | None = Field(description="USD; null without a price.")
    mode: AgentMode | None = Field(description="Of the strategy; null where no cycle gave it one.")
    exits_under_way: float = Field(description="Units that redeemed exits are still to trade.")


class OrderUnderWay(Answer):
    """A redeemed signal whose outcome is open."""

    nonce_prefix: str
    strategy_id: str
    symbol: str = Field(description="Empty for an exit from everything the strategy has.")
    intent: Intent = Field(description="ENTRY or EXIT.")
    qty: float | None = Field(
        description="The most an exit may trade, units; null for an entry, and where nobody knows."
    )
    filled_qty: float
    lapses_at: datetime
    is_lapsed: bool = Field(description="An entry without a fill or a release, which may be filled all the same.")


class UnownedPosition(Answer):
    """What the account holds of a symbol, and no strategy does."""

    symbol: str
    qty: float = Field(description="Units; below 0 short.")


class LivePositions(Answer):
    """What is held now, by the position book."""

    is_open: bool = Field(description="Whether an operator opened the book; before, nobody knows what is held.")
    opened_at: datetime | None
    opened_by: str | None
    closed_because: str | None = Field(description="Why a book that was open is not any more.")
    positions: list[LivePosition] = Field(description="By strategy and symbol, 500 at most.")
    orders_under_way: list[OrderUnderWay] = Field(description="Those that lapse last, first; 200 at most.")
    unowned: list[UnownedPosition] | None = Field(description="By symbol, 500 at most; null where nobody knows.")
    account_as_of: datetime | None = Field(description="Of the account snapshot behind `unowned`.")
    market_data_as_of: datetime | None = Field(description="Of the market data behind `price`.")
    is_truncated: bool = Field(description="Whether there is more of anything.")


class Reserved(Answer):
    """What one redeemed signal holds."""

    nonce_prefix: str
    strategy_id: str
    symbol: str
    action: str
    status: RedemptionStatus
    notional: float = Field(description="Reserved and not filled, USD.")
    spent: float = Field(description="Filled, and not in the account snapshot yet, USD.")
    redeemed_at: datetime
    lapses_at: datetime
    is_lapsed: bool


class AllReserved(Answer):
    """Buying power, and what holds it; newest first."""

    buying_power: float | None
    buying_power_as_of: datetime | None
    held: float
    ledger_version: int = Field(description="How many entries are on record; an account snapshot may name it.")
    items: list[Reserved]


class Alert(OpenAnswer):
    """What needs attention."""

    id: str
    kind: str
    severity: str
    state: str
    opened_at: datetime


class Alerts(Answer):
    """Alerts, newest first."""

    items: list[Alert]
    next_page_token: str | None


class Report(OpenAnswer):
    """A day's report."""

    date: str
    text: str


class PolicyProblem(Answer):
    """A stored field that is malformed: BUYs stay HOLD until it is mended."""

    field: str
    detail: str


class Policy(Answer):
    """The tenant's policy."""

    version: int
    overrides: dict[str, Any] = Field(description="What the tenant sets.")
    effective: dict[str, Any] = Field(description="Every setting, defaults included.")
    problems: list[PolicyProblem]
    updated_at: datetime | None
    updated_by: str | None


class PolicyVersion(OpenAnswer):
    """One change."""

    version: int
    updated_at: datetime
    updated_by: str
    changed: list[str]
    reason: str | None = None
    """In the author's words, where one was given."""
    policy: dict[str, Any]


class PolicyHistory(Answer):
    """Changes, newest first."""

    items: list[PolicyVersion]


class Stored(Answer):
    """That a snapshot is stored."""

    as_of: datetime
