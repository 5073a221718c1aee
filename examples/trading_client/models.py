"""What the API answers, as far as a trading client needs it; fields it does not know are left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol, TypeVar


class DataclassInstance(Protocol):
    """An instance of any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


T = TypeVar("T", bound=DataclassInstance)


def utc_now() -> datetime:
    return datetime.now(UTC)


def shown_nonce(nonce: str | None) -> str:
    """
    Return the part of a nonce that logs may show.

    >>> shown_nonce("0123456789abcdef"), shown_nonce(None)
    ('01234567', 'none')
    """
    return nonce[:8] if nonce else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What one strategy may do now."""

    strategy_name: str
    action: str
    """BUY, SELL or HOLD."""
    ticker: str
    mode: str
    """ACTIVE, REDUCED, SHADOW_MODE or DISABLED."""
    allocation: float
    """Fraction of buying power; of the position, for a SELL that exits."""
    original_allocation: float
    """What the strategy asked for."""
    session_id: str
    expires_at: datetime
    notional: float | None = None
    """Buying power it asks for, USD."""
    nonce: str | None = None
    """Redeem it once; then it is the broker's client_order_id."""
    agent_id: str | None = None
    confidence: float = 0.0
    reasoning: str = ""
    reason_code: str = ""
    sharpe_ratio: float | None = None
    original_action: str | None = None
    override_reason: str | None = None
    """Why a risk rule turned it into HOLD."""
    intent: str = ""
    """ENTRY, EXIT, FLIP or NOTHING; empty from a server that does not say: there a SELL is an exit."""
    max_qty: float | None = None
    """The most an exit may trade, units; None for an entry, and where it is unknown."""

    @property
    def is_exit(self) -> bool:
        """Whether it reduces a position: a SELL of a long, a BUY of a short; a FLIP is traded as its exit."""
        return self.intent in {"EXIT", "FLIP"} if self.intent else self.action == "SELL"

    @property
    def is_entry(self) -> bool:
        return self.intent == "ENTRY" if self.intent else self.action == "BUY"

    @property
    def is_of_something(self) -> bool:
        """Whether there is anything to trade, as issued."""
        return self.allocation > 0 if self.max_qty is None else self.max_qty > 0

    @property
    def exit_fraction(self) -> float:
        """What an exit without a size trades of its position; a BUY's allocation is a fraction of buying power."""
        return min(1.0, self.allocation) if self.action == "SELL" and self.intent != "FLIP" else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """The current session's signals."""

    session_id: str
    expires_at: datetime
    buying_power: float | None
    reserved: float
    signals: Mapping[str, Signal]
    """By strategy."""
    ledger_version: int | None = None
    """How many fills are on record: an account snapshot that is asked for now has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """A signal that this client claimed: trade it, no other client will."""

    nonce: str
    status: str
    strategy_id: str
    action: str
    symbol: str
    allocation: float
    notional: float
    """Buying power it reserves, USD; 0 for an exit."""
    lapses_at: datetime
    """When what is not filled is free again."""
    max_qty: float | None = None
    """The most an exit may trade, units, as of now; None where it is unknown."""
    filled_notional: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One fill as the broker reported it."""

    strategy_id: str
    symbol: str
    side: str
    """buy or sell."""
    qty: float
    price: float
    """USD per unit."""
    ts: datetime
    """When it happened."""
    broker_fill_id: str
    """Records it once, however often it is sent."""
    fees: float = 0.0
    slippage: float = 0.0
    """A cost in USD besides ``price``; 0 where the price includes it."""
    nonce: str | None = None
    order_id: str | None = None
    account_id: str | None = None
    is_order_complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FillResult:
    """What became of one fill: RECORDED, DUPLICATE, REJECTED or LEFT_TO_FEED."""

    fill_id: str
    status: str
    reason_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One cycle's decision."""

    session_id: str
    timestamp: datetime
    slot: str | None
    ai_summary: str
    systemic_risk_detected: bool
    systemic_risk_details: str | None
    signals_modified: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Decisions, newest first."""

    items: tuple[Decision, ...]
    next_page_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The tenant's policy."""

    version: int
    overrides: Mapping[str, Any]
    effective: Mapping[str, Any]


def read(kind: type[T], data: Mapping[str, Any]) -> T:
    """
    Read one object of JSON.

    Raises
    ------
    TypeError, ValueError
        If a field is missing, or a time is not one.
    """
    known = {one.name: str(one.type) for one in fields(kind)}
    return kind(**{name: _value(known[name], value) for name, value in data.items() if name in known})


def _value(annotation: str, value: Any) -> Any:
    is_time = annotation.startswith("datetime") and isinstance(value, str)
    return datetime.fromisoformat(value) if is_time else value
