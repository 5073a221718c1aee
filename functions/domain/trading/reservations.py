"""
Buying power that redeemed signals hold, in the tenant's one ``state/session`` document.

A reservation holds its notional until it is filled, released, or lapses. The filled part is spent: it counts until an
account snapshot certainly contains it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from functions.domain.kernel.stored_fields import (
    COUNT,
    MAP_OF_MAPS,
    MAPS,
    NUMBER,
    TEXT,
    TEXTS,
    TIME,
    Kinds,
    check_fields,
)
from functions.domain.orchestration.buying_power import OF_BUYING_POWER, BuyingPower
from functions.domain.track_record.breakers import BreakerState

MOST_SPENDINGS = 100
"""Maximum spendings stored individually; beyond that the oldest are merged, until the account contains all of them."""
OVERFILLS_KEPT = 20
_ROUNDING = 1e-9
"""Relative tolerance of the buying power for sums of fractions."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The unfilled part that one redeemed signal holds."""

    notional: float
    """USD."""
    lapses_at: datetime

    def held(self, now: datetime) -> float:
        return self.notional if now < self.lapses_at else 0.0


@dataclass(frozen=True, slots=True)
class Spending:
    """The cost of one fill."""

    nonce: str | None
    """Nonce of the redeemed signal; None for a fill without one."""
    usd: float
    ledger_version: int
    """The ledger version that includes the fill."""
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Overfill:
    """One fill that exceeded what could be traded."""

    fill_id: str
    strategy_id: str
    symbol: str
    side: str
    qty: float
    """Units above the maximum."""
    recorded_at: datetime


Reservations = Mapping[str, Reservation]
"""By nonce."""


@dataclass(frozen=True, slots=True)
class CurrentSession:
    """Buying power, and what holds it, in ``state/session``."""

    session_id: str | None = None
    buying_power: BuyingPower = field(default_factory=BuyingPower)
    ledger_version: int = 0
    """Number of the tenant's fills and other entries that Maestro recorded."""
    reservations: Reservations = field(default_factory=dict)
    spendings: tuple[Spending, ...] = ()
    """Spent amounts, oldest first."""
    recent_sessions: tuple[str, ...] = ()
    """Sessions before the current one, newest first."""
    overfills: tuple[Overfill, ...] = ()
    """The latest ones, oldest first."""
    breaker: BreakerState = field(default_factory=BreakerState)
    """The account's breaker, as the last cycle left it."""

    def held(self, now: datetime) -> float:
        """Return the buying power that is reserved or spent, USD."""
        return sum(one.held(now) for one in self.reservations.values()) + sum(self.spent().values())

    def spent(self) -> dict[str | None, float]:
        """Return filled amounts that may not be in the account yet, USD by nonce."""
        spent: dict[str | None, float] = {}
        for one in self.spendings:
            if not self.buying_power.contains(one.ledger_version, one.recorded_at):
                spent[one.nonce] = spent.get(one.nonce, 0.0) + one.usd
        return spent

    def holders(self) -> list[str]:
        """Return the nonces that hold buying power, newest first."""
        latest = {nonce: one.lapses_at for nonce, one in self.reservations.items()}
        for one in self.spendings:
            if one.nonce is not None:
                latest.setdefault(one.nonce, one.recorded_at)
        return sorted(latest, key=latest.__getitem__, reverse=True)

    def has_room_for(self, notional: float, now: datetime) -> bool:
        """Return whether buying power, if known, covers a further notional; without any it does not cover even 0."""
        if self.buying_power.usd is None or self.buying_power.usd <= 0:
            return False
        return self.held(now) + notional <= self.buying_power.usd * (1 + _ROUNDING)

    def reserving(self, nonce: str, reservation: Reservation) -> CurrentSession:
        """Return the session with one reservation set."""
        return replace(self, reservations={**self.reservations, nonce: reservation})

    def with_fill(self, nonce: str | None, spent_usd: float, now: datetime) -> CurrentSession:
        """Return the session with one more fill or other entry recorded; an exit spends nothing."""
        version = self.ledger_version + 1
        added = (Spending(nonce, spent_usd, version, now),) if spent_usd > 0 else ()
        return replace(self, ledger_version=version, spendings=(*self.spendings, *added))

    def with_flow(self, usd: float, ts: datetime, now: datetime) -> CurrentSession:
        """Return the session after a deposit (positive) or withdrawal: breakers do not count it as a gain."""
        return replace(self, breaker=self.breaker.with_flow(usd, ts, now))

    def with_overfill(self, overfill: Overfill) -> CurrentSession:
        return replace(self, overfills=(*self.overfills, overfill)[-OVERFILLS_KEPT:])

    def to_fields(self, now: datetime) -> dict[str, Any]:
        """Return the fields that redemptions and fills set, without entries that no longer hold anything."""
        return {
            "ledger_version": self.ledger_version,
            "reservations": {
                nonce: {"notional": one.notional, "lapses_at": one.lapses_at}
                for nonce, one in self.reservations.items()
                if one.held(now) > 0
            },
            "spendings": [
                {name: getattr(one, name) for name in Spending.__slots__} for one in _merged(self._counting())
            ],
            "overfills": [{name: getattr(one, name) for name in Overfill.__slots__} for one in self.overfills],
        }

    def _counting(self) -> tuple[Spending, ...]:
        """Return the spendings without those contained in this account snapshot, and in every later one."""
        power = self.buying_power
        return tuple(
            one
            for one in self.spendings
            if not (power.contains(one.ledger_version, one.recorded_at) and power.is_past(one.recorded_at))
        )

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> CurrentSession:
        """Read the stored document; a missing one is an empty session. Raises InputError if malformed."""
        if document is None:
            return cls()
        check_fields(document, {}, _AT_TIMES)
        stored = document.get("reservations") or {}
        for nonce, one in stored.items():
            check_fields(one, _OF_RESERVATION, _OF_RESERVATION_BEFORE, f"reservations.{nonce}.")
        spendings, overfills = (document.get(name) or () for name in ("spendings", "overfills"))
        for number, one in enumerate(spendings):
            check_fields(one, _OF_SPENDING, {"nonce": TEXT}, f"spendings[{number}].", is_closed=True)
        for number, one in enumerate(overfills):
            check_fields(one, _OF_OVERFILL, inside=f"overfills[{number}].", is_closed=True)
        return cls(
            document.get("session_id"),
            BuyingPower.from_session(document),
            int(document.get("ledger_version") or 0),
            {nonce: Reservation(float(one["notional"]), one["lapses_at"]) for nonce, one in stored.items()},
            (*_of_before(stored), *(Spending(**{"nonce": None, **one}) for one in spendings)),
            tuple(document.get("recent_sessions") or ()),
            tuple(Overfill(**one) for one in overfills),
            BreakerState.from_document(document.get("breaker")),
        )


_AT_TIMES: Kinds = {**OF_BUYING_POWER, "session_id": TEXT, "recent_sessions": TEXTS, "ledger_version": COUNT} | {
    "reservations": MAP_OF_MAPS,
    "spendings": MAPS,
    "overfills": MAPS,
}
_OF_RESERVATION: Kinds = {"notional": NUMBER, "lapses_at": TIME}
_OF_RESERVATION_BEFORE: Kinds = {"spent": NUMBER, "spent_at": TIME}
"""In a reservation from before 0.2."""
_OF_SPENDING: Kinds = {"usd": NUMBER, "ledger_version": COUNT, "recorded_at": TIME}
_OF_OVERFILL: Kinds = {
    **dict.fromkeys(("fill_id", "strategy_id", "symbol", "side"), TEXT),
    "qty": NUMBER,
    "recorded_at": TIME,
}


def _of_before(reservations: Mapping[str, Any]) -> list[Spending]:
    """Return spendings of reservations from before 0.2, which stored them themselves without a ledger version."""
    return [
        Spending(nonce, float(one["spent"]), 0, one["spent_at"])
        for nonce, one in reservations.items()
        if one.get("spent")
    ]


def _merged(spendings: tuple[Spending, ...]) -> tuple[Spending, ...]:
    """Merge the oldest into one if there are too many, with the latest one's time of recording."""
    surplus = len(spendings) - MOST_SPENDINGS
    if surplus <= 0:
        return spendings
    oldest, rest = spendings[: surplus + 1], spendings[surplus + 1 :]
    return (replace(oldest[-1], nonce=None, usd=sum(one.usd for one in oldest)), *rest)
