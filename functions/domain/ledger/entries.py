"""A document of the ledger as it is stored: what its writer said, and what is known of the document itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One document of ``ledger_trades``."""

    entry_id: str
    document: Mapping[str, Any]
    created_at: datetime
    """By the store's clock; the document's own field of that name is its writer's."""

    @property
    def is_recorded(self) -> bool:
        """Whether Maestro counted it: wrote it itself, or took it in."""
        return self.document.get("ledger_version") is not None

    @property
    def is_timed(self) -> bool:
        """Whether a query by time finds it."""
        return isinstance(self.document.get("ts"), datetime)

    @property
    def is_dated(self) -> bool:
        """Whether it says itself when it was stored, by which a query finds a late one."""
        return isinstance(self.document.get("created_at"), datetime)

    def is_known_at(self, at: datetime) -> bool:
        """
        Tell whether who read the whole ledger as of a time, by the store's clock, counted it.

        One that Maestro did not record yet and that is newer is left to be taken in later, so that it counts once.
        """
        return self.is_timed and (self.is_recorded or self.created_at <= at)
