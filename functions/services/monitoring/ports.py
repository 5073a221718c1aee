"""What people look at, from the outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from functions.services.kernel.ports import Document, Versioned


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list."""

    items: Sequence[tuple[str, Document]]
    """(id, document)."""
    next_page_token: str | None
    """Asks for the part after it; None at the end."""


class RecordStore(Protocol):
    """What people look at. A page token is what an earlier page gave; every method raises StoreUnavailable."""

    def decisions(self, tenant_id: str, limit: int, page_token: str | None) -> Page:
        """Return decisions, newest first. Raises InputError for a token that is none."""
        ...

    def decision(self, tenant_id: str, session_id: str) -> Document | None:
        """Return one decision of the tenant."""
        ...

    def decisions_since(self, tenant_id: str, since: datetime) -> Iterable[Document]:
        """Yield what summaries count, of every decision since a time."""
        ...

    def cycle(self, tenant_id: str, cycle_id: str) -> Document | None:
        """Return the record of a slot or request."""
        ...

    def performance(self, tenant_id: str, filters: Mapping[str, str], limit: int, page_token: str | None) -> Page:
        """Return performance documents whose fields equal the filters, newest first."""
        ...

    def alerts(self, tenant_id: str, state: str | None, limit: int, page_token: str | None) -> Page:
        """Return alerts, newest first."""
        ...

    def alert(self, tenant_id: str, alert_id: str) -> Versioned[Document | None]:
        """Return one alert, to replace it over."""
        ...

    def replace_alert(
        self, tenant_id: str, alert_id: str, document: Document, before: Versioned[Document | None]
    ) -> None:
        """Replace an alert. Raises StoreConflict if somebody else did since ``before``."""
        ...

    def report(self, tenant_id: str, date: str) -> Document | None:
        """Return a day's report."""
        ...

    def decision_at(self, tenant_id: str, at: datetime) -> Document | None:
        """Return the last decision that is not after a time."""
        ...

    def redemption_of(self, tenant_id: str, session_id: str, strategy_id: str) -> Document | None:
        """Return the redemption of a session's signal, if there is one."""
        ...

    def fills_of(self, tenant_id: str, nonce: str) -> Sequence[Document]:
        """Return the ledger's fills of a signal, oldest first."""
        ...
