"""A stored ledger document: its content, and what is known of the document itself."""

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
    """By the store's clock; the document's own field of that name comes from its writer."""

    @property
    def is_recorded(self) -> bool:
        """Whether Maestro counted it: wrote or adopted it."""
        return self.document.get("ledger_version") is not None

    @property
    def is_timed(self) -> bool:
        """Whether queries by time find it."""
        return isinstance(self.document.get("ts"), datetime)

    @property
    def is_dated(self) -> bool:
        """Whether it has its storage time, by which queries find late ones."""
        return isinstance(self.document.get("created_at"), datetime)

    def is_known_at(self, at: datetime) -> bool:
        """
        Return whether a read of the whole ledger as of a time, by the store's clock, counted it.

        A newer one that Maestro has not recorded yet is left to be adopted later, so that it counts once.
        """
        return self.is_timed and (self.is_recorded or self.created_at <= at)
