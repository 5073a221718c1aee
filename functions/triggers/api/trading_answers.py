"""What the routes of a trading client answer: signals, redemptions, the ledger's entries, inputs."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.intent import Intent
from functions.domain.trading.redemption import RedemptionStatus
from functions.domain.trading.reported_fills import FillStatus
from functions.triggers.api.answers import Answer, OpenAnswer
from functions.triggers.api.record_answers import Decision


class Signal(OpenAnswer):
    """A signal as it was issued, with the identity to redeem."""

    strategy_name: str
    action: str
    ticker: str
    mode: str
    intent: Intent = Field(description="What it does to the strategy's position; an EXIT always passes.")
    allocation: float = Field(description="Fraction of buying power; for a SELL that exits, of the position.")
    max_qty: float | None = Field(
        default=None, description="The most an exit may trade, units; null if unknown, and for an entry."
    )
    max_qty_by_symbol: dict[str, float] = Field(
        default={}, description="The same by symbol, for an exit that names none."
    )
    original_allocation: float
    notional: float | None = Field(description="Buying power it needs, USD; null without an account snapshot.")
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
    ledger_version: int = Field(description="How many ledger entries are on record; an account snapshot may state it.")
    signals: dict[str, Signal] = Field(description="By strategy.")


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
    max_qty: float | None = Field(description="The most an exit may trade, units; null if unknown.")
    max_qty_by_symbol: dict[str, float] = Field(description="The same by symbol, for an exit that names none.")
    lapses_at: datetime = Field(description="When the unfilled part of the reservation is freed.")
    filled_qty: float
    filled_notional: float
    fills: int
    filled_at: datetime | None
    released_at: datetime | None


class FillResult(Answer):
    """The outcome of one fill."""

    fill_id: str
    status: FillStatus
    reason_code: ReasonCode | None = Field(description="Why it was rejected, or what is unusual about it.")


class FillResults(Answer):
    """The outcome of every fill, in order."""

    results: list[FillResult]
    ledger_version: int = Field(description="How many ledger entries are on record; an account snapshot may state it.")


class EntryResult(Answer):
    """The outcome of one entry."""

    entry_id: str = Field(validation_alias="fill_id", description="Its id in the ledger, for a void to refer to.")
    status: FillStatus
    reason_code: ReasonCode | None = Field(description="Why it was rejected.")


class EntryResults(Answer):
    """The outcome of every entry, in order."""

    results: list[EntryResult]
    ledger_version: int = Field(description="How many ledger entries are on record; an account snapshot may state it.")


class Stored(Answer):
    """Confirmation that a snapshot is stored."""

    as_of: datetime
