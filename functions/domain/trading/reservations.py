"""
Buying power that redeemed signals hold, in the tenant's one ``state/session`` document.

A reservation holds its notional until it is filled, released, or lapses. What was filled is spent: it counts until an
account snapshot that is newer than the fill says what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from functions.domain.kernel.errors import InputError

_ROUNDING = 1e-9
"""Of the buying power: sums of fractions may miss it by as little."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one redeemed signal holds, USD."""

    notional: float
    """Reserved and not filled yet."""
    lapses_at: datetime
    spent: float = 0.0
    """Filled."""
    spent_at: datetime | None = None
    """When the last fill was recorded."""

    def held(self, now: datetime, account_as_of: datetime | None) -> float:
        """Return what cannot be spent again."""
        reserved = self.notional if now < self.lapses_at else 0.0
        is_in_account = self.spent_at is None or (account_as_of is not None and self.spent_at < account_as_of)
        return reserved + (0.0 if is_in_account else self.spent)


Reservations = Mapping[str, Reservation]
"""By nonce."""


@dataclass(frozen=True, slots=True)
class CurrentSession:
    """What ``state/session`` says."""

    session_id: str | None = None
    buying_power: float | None = None
    account_as_of: datetime | None = None
    """The time the buying power is of."""
    reservations: Reservations = field(default_factory=dict)
    recent_sessions: tuple[str, ...] = ()
    """Sessions before the current one, newest first."""

    def held(self, now: datetime) -> float:
        """Return the buying power that is reserved or spent, USD."""
        return sum(one.held(now, self.account_as_of) for one in self.reservations.values())

    def has_room_for(self, notional: float, now: datetime) -> bool:
        """Tell whether buying power, if known, covers a further notional."""
        if self.buying_power is None:
            return False
        return self.held(now) + notional <= self.buying_power * (1 + _ROUNDING)

    def with_reservations(self, changed: Reservations, now: datetime) -> Reservations:
        """Return all reservations, some of them anew, without those that hold nothing any more."""
        everyone = {**self.reservations, **changed}
        return {nonce: one for nonce, one in everyone.items() if one.held(now, self.account_as_of) > 0}

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> CurrentSession:
        """Read what is stored; nothing stored is an empty session. Raises InputError if malformed."""
        if document is None:
            return cls()
        try:
            stored = document.get("reservations") or {}
            reservations = {
                nonce: Reservation(
                    float(one["notional"]), one["lapses_at"], float(one.get("spent", 0.0)), one.get("spent_at")
                )
                for nonce, one in stored.items()
            }
            return cls(
                document.get("session_id"),
                document.get("buying_power"),
                document.get("buying_power_as_of"),
                reservations,
                tuple(document.get("recent_sessions") or ()),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError("state/session", "what cycles and redemptions stored", document) from error


def reservations_document(reservations: Reservations) -> dict[str, Any]:
    """Return the field ``reservations`` of ``state/session``."""
    return {
        nonce: {
            "notional": one.notional,
            "lapses_at": one.lapses_at,
            "spent": one.spent,
            "spent_at": one.spent_at,
        }
        for nonce, one in reservations.items()
    }
