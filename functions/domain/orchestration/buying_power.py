"""The buying power in an account snapshot, and which fills it certainly includes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from functions.domain.kernel.parsing import CLOCK_SKEW
from functions.domain.kernel.stored_fields import COUNT, NUMBER, TIME, Kinds
from functions.domain.orchestration.inputs import Account

OF_BUYING_POWER: Kinds = {
    "buying_power": NUMBER,
    "buying_power_as_of": TIME,
    "buying_power_received_at": TIME,
    "buying_power_ledger_version": COUNT,
}
"""Its fields in ``state/session``; null while unknown."""


@dataclass(frozen=True, slots=True)
class BuyingPower:
    """The buying power of the newest account snapshot."""

    usd: float | None = None
    """At least 0; None: unknown."""
    as_of: datetime | None = None
    """Time by its sender's clock."""
    received_at: datetime | None = None
    """Time by the server's clock."""
    ledger_version: int | None = None
    """The ledger version that its sender knew before it asked the broker; None: not stated."""

    def contains(self, ledger_version: int, recorded_at: datetime) -> bool:
        """
        Return whether a fill is certainly in the snapshot.

        It is if the sender saw its version first. Without a version the time decides: the snapshot arrived after the
        fill was recorded, and its own time is later by more than clocks may differ.
        """
        if self.ledger_version is not None:
            return ledger_version <= self.ledger_version
        return self.received_at is not None and self.received_at > recorded_at and self.is_past(recorded_at)

    def is_past(self, recorded_at: datetime) -> bool:
        """Return whether this snapshot, and so every later one, was certainly read after a time."""
        return self.as_of is not None and self.as_of > recorded_at + CLOCK_SKEW

    def followed_by(self, account: Account) -> BuyingPower:
        """
        Return the buying power after reading an account snapshot.

        An older snapshot changes nothing. One without buying power makes it unknown.
        """
        spendable = account.spendable
        if spendable is None or account.as_of is None:
            return replace(self, usd=None)
        if self.as_of is not None and account.as_of < self.as_of:
            return self
        return BuyingPower(spendable, account.as_of, account.received_at, account.ledger_version)

    def to_fields(self) -> dict[str, Any]:
        """Return its fields for ``state/session``."""
        return {
            "buying_power": self.usd,
            "buying_power_as_of": self.as_of,
            "buying_power_received_at": self.received_at,
            "buying_power_ledger_version": self.ledger_version,
        }

    @classmethod
    def from_session(cls, session: Mapping[str, Any]) -> BuyingPower:
        """Read it from ``state/session``; a document from before 0.2 has no time of reception and no version."""
        return cls(
            session.get("buying_power"),
            session.get("buying_power_as_of"),
            session.get("buying_power_received_at"),
            session.get("buying_power_ledger_version"),
        )
