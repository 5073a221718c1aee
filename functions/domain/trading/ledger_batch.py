"""A tenant's state with everything reported so far: shared by batches of fills and of entries."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import check_not_ahead
from functions.domain.kernel.policy import Policy
from functions.domain.ledger.events import Event
from functions.domain.ledger.fills import Fill
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.trading.redemption import Redemption
from functions.domain.trading.reported_fills import FillResult
from functions.domain.trading.reservations import CurrentSession


@dataclass(slots=True, kw_only=True)
class LedgerBatch:
    """A batch's initial state and changes; a commit writes all of them, or nothing."""

    tenant_id: str
    uid: str
    now: datetime
    policy: Policy
    current: CurrentSession
    book: PositionBook
    redemptions: dict[str, Redemption]
    """By nonce."""
    stored: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Existing ledger documents, by id: of everything reported, and of everything amended."""
    is_backfill: bool = False
    """Whether an operator records it: then of any age, already in the account, and holding no buying power."""
    ledger: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Documents to create, by id."""
    adopted: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Fields to set in documents that users wrote, by id."""
    amended: set[datetime] = field(default_factory=set)
    """Times of amended entries: the ledger's sums of these instants must be read again."""
    come: list[Event] = field(default_factory=list)
    """Further events that may change more than a holding."""
    results: list[FillResult] = field(default_factory=list)
    """In the order they were added."""

    @property
    def known(self) -> Mapping[str, Mapping[str, Any]]:
        """Ledger documents by id, with those of this batch."""
        return ChainMap(self.ledger, self.stored)  # type: ignore[arg-type]  # it is only read

    def is_too_old(self, ts: datetime) -> bool:
        """Return whether the policy's ``max_fill_age_days`` are over."""
        return ts < self.now - timedelta(days=self.policy.max_fill_age_days)

    def check_time(self, field_name: str, ts: datetime, value: str | None = None) -> None:
        """
        Refuse times ahead, or longer ago than a client may report. Raises InputError.

        Parameters
        ----------
        value : str, optional
            The field's value as sent; by default the time.
        """
        check_not_ahead(field_name, ts, self.now)
        if not self.is_backfill and self.is_too_old(ts):
            limit = f"at most {self.policy.max_fill_age_days} days ago (max_fill_age_days)"
            limit += "; an operator records older fills: make maestro ARGS=backfill"
            raise InputError(field_name, limit, ts.isoformat() if value is None else value)

    def added_cost(self, before: Fill, after: Fill) -> float:
        """Return the increase of a purchase's cost, USD; what was spent stays spent."""
        is_older = after.revision < before.revision
        if self.is_backfill or after.signed_quantity <= 0 or is_older or self.is_too_old(after.at):
            return 0.0
        return max(0.0, after.executed * after.price - before.executed * before.price)

    def with_version(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a document with the ledger version that includes it."""
        return {**document, "ledger_version": self.current.ledger_version}
