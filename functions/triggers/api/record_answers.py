"""What the routes of the record answer: decisions, performance, positions, alerts, reports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.orchestration.intent import Intent
from functions.domain.trading.redemption import RedemptionStatus
from functions.triggers.api.answers import Answer, OpenAnswer


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
    disabled_decisions: list[dict[str, Any]] = Field(default=[], description="The same for disabled strategies.")
    signals: dict[str, dict[str, Any]]
    signals_modified: dict[str, str]


class Decisions(Answer):
    """Decisions, newest first."""

    items: list[Decision]
    next_page_token: str | None


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
    verdict: str = Field(description="The explanation in one sentence.")
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
    """One book, day by day; null on days without data."""

    return_fraction: list[float | None]
    equity: list[float | None] = Field(
        description="Compounded; 1 before the first day shown, 0 from the day everything was lost."
    )
    drawdown: list[float | None] = Field(description="Fraction below the highest equity so far, 0 or negative.")


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
    sharpe: list[float | None] = Field(description="Annualised, over the lookback that ends on the day.")
    book: list[str | None] = Field(description="Which book counted, live or shadow; null if neither did.")
    mode: list[str | None] = Field(description="At the end of the day; null if not on record.")


class OpenPosition(Answer):
    """All open lots of one user, strategy and symbol."""

    uid: str
    strategy_id: str
    symbol: str
    book: str
    qty: float = Field(description="Units; negative if short.")
    average_price: float
    mark: float
    unrealized_pnl: float = Field(description="USD, net of the costs carried.")
    lots: int


class OpenPositions(Answer):
    """What was held at the last nightly snapshot."""

    as_of: datetime | None = Field(description="null before the first snapshot.")
    items: list[OpenPosition]
    is_truncated: bool


class LivePosition(Answer):
    """What one strategy holds of one symbol."""

    strategy_id: str
    symbol: str
    qty: float = Field(description="Units; negative if short.")
    average_price: float
    price: float | None = Field(description="USD per unit, from the market data; null if it has none.")
    unrealized_pnl: float | None = Field(description="USD; null without a price.")
    mode: AgentMode | None = Field(description="The strategy's mode; null if no cycle has set one.")
    exits_under_way: float = Field(description="Units that redeemed exits have yet to trade.")


class OrderUnderWay(Answer):
    """A redeemed signal whose outcome is open."""

    nonce_prefix: str
    strategy_id: str
    symbol: str = Field(description="Empty for an exit from everything the strategy holds.")
    intent: Intent = Field(description="ENTRY or EXIT.")
    qty: float | None = Field(description="The most an exit may trade, units; null for an entry, and if unknown.")
    filled_qty: float
    lapses_at: datetime
    is_lapsed: bool = Field(
        description="Whether it is an entry that lapsed without fill or release; it may still be filled."
    )


class UnownedPosition(Answer):
    """What the account holds of a symbol beyond what strategies hold."""

    symbol: str
    qty: float = Field(description="Units; negative if short.")


class LivePositions(Answer):
    """What is held now, by the position book."""

    is_open: bool = Field(description="Whether an operator opened the book; until then positions are unknown.")
    opened_at: datetime | None
    opened_by: str | None
    closed_because: str | None = Field(description="Why a book that was open is closed.")
    positions: list[LivePosition] = Field(description="By strategy and symbol, 500 at most.")
    orders_under_way: list[OrderUnderWay] = Field(description="Latest to lapse first; 200 at most.")
    unowned: list[UnownedPosition] | None = Field(description="By symbol, 500 at most; null if unknown.")
    account_as_of: datetime | None = Field(description="Time of the account snapshot that `unowned` is based on.")
    market_data_as_of: datetime | None = Field(description="Time of the market data that `price` is from.")
    is_truncated: bool = Field(description="Whether any of the lists was cut off.")


class Reserved(Answer):
    """The buying power that one redeemed signal holds."""

    nonce_prefix: str
    strategy_id: str
    symbol: str
    action: str
    status: RedemptionStatus
    notional: float = Field(description="Reserved but not filled, USD.")
    spent: float = Field(description="Filled but not yet in the account snapshot, USD.")
    redeemed_at: datetime
    lapses_at: datetime
    is_lapsed: bool


class AllReserved(Answer):
    """Buying power, and the redeemed signals that hold part of it; newest first."""

    buying_power: float | None
    buying_power_as_of: datetime | None
    held: float
    ledger_version: int = Field(description="How many ledger entries are on record; an account snapshot may state it.")
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
