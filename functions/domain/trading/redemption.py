"""
One redeemed signal and its life cycle: filled, released, or neither until it lapses.

Whether a signal may be redeemed is `functions.domain.trading.redeem`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.stored_fields import COUNT, NUMBER, NUMBERS, TEXT, TIME, Kinds, check_fields, word
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.intent import Intent
from functions.domain.orchestration.position_book import Order
from functions.domain.orchestration.signals import Action
from functions.domain.trading.reservations import Reservation

OVERFILL_TOLERANCE = 0.01
"""Fraction above the reserved notional that a market order may cost before it counts as over-filled."""
_FILLED = 1e-9


class RedemptionStatus(StrEnum):
    """The state of a redeemed signal."""

    RESERVED = "RESERVED"
    FILLED = "FILLED"
    RELEASED = "RELEASED"


@dataclass(frozen=True, slots=True)
class Redemption:
    """One redeemed signal, ``tenants/{t}/redemptions/{nonce}``."""

    nonce: str
    status: RedemptionStatus
    tenant_id: str
    uid: str
    session_id: str
    agent_id: str
    strategy_id: str
    action: Action
    symbol: str
    mode: str
    allocation: float
    """Fraction of buying power; for a SELL, of the position."""
    notional: float
    """Buying power reserved, USD; 0 for an exit."""
    redeemed_at: datetime
    lapses_at: datetime
    intent: Intent = Intent.NOTHING
    max_qty: float | None = None
    """The most an exit may trade, units; None for an entry, and if unknown."""
    max_qty_by_symbol: Mapping[str, float] = field(default_factory=dict)
    """The same by symbol, for an exit that names none."""
    idempotency_key: str | None = None
    expires_at: datetime | None = None
    """The signal's expiry; None in a redemption from before 0.2."""
    filled_qty: float = 0.0
    filled_notional: float = 0.0
    fills: int = 0
    filled_at: datetime | None = None
    """When the last fill was recorded."""
    released_at: datetime | None = None

    @property
    def is_entry(self) -> bool:
        return self.intent is Intent.ENTRY

    @property
    def unfilled(self) -> float:
        """Reserved but not filled, USD."""
        return max(0.0, self.notional - self.filled_notional)

    @property
    def is_overfilled(self) -> bool:
        if self.is_entry:
            return self.filled_notional > self.notional * (1 + OVERFILL_TOLERANCE)
        return self.overfilled_qty > 0

    @property
    def overfilled_qty(self) -> float:
        """How much an exit traded above its maximum, units; 0 if unknown."""
        is_over = self.max_qty is not None and self.filled_qty > self.max_qty * (1 + _FILLED)
        return self.filled_qty - self.max_qty if is_over and self.max_qty is not None else 0.0

    @property
    def is_all_filled(self) -> bool:
        """Whether nothing is left to fill, as far as is known."""
        if self.is_entry:
            return self.filled_notional >= self.notional * (1 - _FILLED)
        return self.max_qty is not None and self.filled_qty >= self.max_qty * (1 - _FILLED)

    def to_document(self) -> dict[str, Any]:
        document = {name: getattr(self, name) for name in self.__slots__}
        words = {name: str(document[name]) for name in ("status", "action", "intent")}
        return document | words | {"max_qty_by_symbol": dict(self.max_qty_by_symbol)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Redemption:
        """Read the stored document. Raises InputError if it is malformed."""
        check_fields(document, _ALWAYS, _AT_TIMES, is_closed=True)
        values = {name: value for name, value in document.items() if value is not None}
        values["status"] = RedemptionStatus(values["status"])
        values["action"] = Action(values["action"])
        values["intent"] = intent_of(values)
        return cls(**values)


_ALWAYS: Kinds = {
    **dict.fromkeys(("nonce", "tenant_id", "uid", "session_id", "agent_id", "strategy_id", "symbol", "mode"), TEXT),
    **dict.fromkeys(("allocation", "notional"), NUMBER),
    **dict.fromkeys(("redeemed_at", "lapses_at"), TIME),
    "status": word(RedemptionStatus),
    "action": word(Action),
}
_AT_TIMES: Kinds = {
    **dict.fromkeys(("expires_at", "filled_at", "released_at"), TIME),
    **dict.fromkeys(("max_qty", "filled_qty", "filled_notional"), NUMBER),
    "max_qty_by_symbol": NUMBERS,
    "fills": COUNT,
    "idempotency_key": TEXT,
    "intent": word(Intent),
}
"""Null if not applicable, and missing in redemptions from before 0.2."""


def intent_of(signal: Mapping[str, Any]) -> Intent:
    """Return the intent of a signal or a redemption; before 0.2 every SELL was an exit."""
    if signal.get("intent"):
        return Intent(signal["intent"])
    return Intent.EXIT if signal["action"] == Action.SELL else Intent.ENTRY


def order_of(redemption: Redemption) -> Order:
    """Return the position book's order for a redemption with an open outcome."""
    return Order(
        strategy_id=redemption.strategy_id,
        symbol=canonical_symbol(redemption.symbol),
        is_entry=redemption.is_entry,
        is_short=redemption.is_entry and redemption.action is Action.SELL,
        qty=redemption.max_qty,
        qty_by_symbol={canonical_symbol(symbol): qty for symbol, qty in redemption.max_qty_by_symbol.items()},
        lapses_at=redemption.lapses_at,
    )


def release(redemption: Redemption, now: datetime) -> tuple[Redemption, Reservation]:
    """
    Release what is reserved but not filled; repeating it changes nothing.

    Raises
    ------
    RefusedError
        If the order was filled.
    """
    if redemption.status is RedemptionStatus.FILLED:
        raise RefusedError(ReasonCode.ALREADY_FILLED, "the order was filled: there is nothing to release")
    if redemption.status is RedemptionStatus.RESERVED:
        redemption = replace(redemption, status=RedemptionStatus.RELEASED, released_at=now)
    return redemption, Reservation(0.0, redemption.lapses_at)


def settle(
    redemption: Redemption,
    qty: float,
    price: float,
    now: datetime,
    *,
    is_order_complete: bool,
) -> tuple[Redemption, Reservation]:
    """
    Record a fill against its redemption: the filled part is no longer reserved.

    A fill is a fact. One after the release, after the reservation lapsed, or above the reservation is recorded like any
    other.
    """
    redemption = replace(
        redemption,
        filled_qty=redemption.filled_qty + qty,
        filled_notional=redemption.filled_notional + qty * price,
        fills=redemption.fills + 1,
        filled_at=now,
    )
    is_over = is_order_complete or redemption.is_all_filled or redemption.status is not RedemptionStatus.RESERVED
    if is_over:
        redemption = replace(redemption, status=RedemptionStatus.FILLED)
    return redemption, Reservation(0.0 if is_over else redemption.unfilled, redemption.lapses_at)
