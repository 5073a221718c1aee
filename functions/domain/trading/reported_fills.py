"""A fill as a client reports it, and its outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.ledger.entry_ids import ExecutionIds, digest
from functions.domain.ledger.fills import SIDES, revision_of

_IN_COIN = ("fee_currency", "fee_qty", "fee_rate")
_FIGURES = ("strategy_id", "qty", "price")
"""Figures that two reports of one fill agree on, besides symbol and side."""


class FillStatus(StrEnum):
    """The outcome of a reported fill or other entry."""

    RECORDED = "RECORDED"
    DUPLICATE = "DUPLICATE"
    """It is already in the ledger."""
    REJECTED = "REJECTED"
    """It is not in the ledger; the reason code says why."""
    LEFT_TO_FEED = "LEFT_TO_FEED"
    """The tenant's account is read from its broker: the fill is booked when the broker reports it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFill:
    """One fill as the client reports it: identified by ``broker_fill_id``, else by ``nonce`` and its own figures."""

    strategy_id: str = UNOWNED
    """`UNOWNED` if no strategy owns it."""
    symbol: str
    side: str
    """buy, sell or sell_short."""
    qty: float
    """Units executed."""
    price: float
    """USD."""
    ts: datetime
    """When it happened."""
    fees: float = 0.0
    """USD; negative for a maker's rebate."""
    slippage: float = 0.0
    fee_currency: str | None = None
    """Currency of ``fee_qty``: the traded coin, the quote currency, or any other with ``fee_rate``."""
    fee_qty: float | None = None
    fee_rate: float | None = None
    """USD per unit of ``fee_currency``."""
    nonce: str | None = None
    """Nonce of the redeemed signal."""
    broker_fill_id: str | None = None
    order_id: str | None = None
    account_id: str | None = None
    run_id: str | None = None
    is_order_complete: bool = False
    """Whether it is the order's last fill: the rest of the reservation is freed."""

    @property
    def ids(self) -> ExecutionIds | None:
        """Its possible ids in the ledger, by the broker's id; None without one."""
        if self.broker_fill_id is None:
            return None
        return ExecutionIds.of(self.account_id, self.symbol, self.order_id, self.broker_fill_id)

    @property
    def fill_id(self) -> str:
        """The ledger document's id, the same for every report of the fill."""
        return self.ids.first if self.ids else f"n_{self.nonce}_{digest(self._figures())}"

    @property
    def known_ids(self) -> list[str]:
        """Every id under which it may be known."""
        return self.ids.all if self.ids else [self.fill_id]

    @property
    def signed_qty(self) -> float:
        """Units executed; negative if sold."""
        return self.qty if self.side == "buy" else -self.qty

    def _figures(self) -> list[Any]:
        return [self.strategy_id, self.symbol, self.side, self.qty, self.price, self.ts.isoformat(), self.order_id]

    def is_same_execution(self, known: Mapping[str, Any]) -> bool:
        """Return whether a ledger document with the same account and broker's id has the same symbol and order."""
        symbol = canonical_symbol(str(known.get("symbol")))
        return (symbol, known.get("order_id")) == (canonical_symbol(self.symbol), self.order_id)

    def is_revision_of(self, known: Mapping[str, Any]) -> bool:
        """Return whether a ledger document is of the same execution, in any revision."""
        ours, theirs = (revision_of(one) for one in (self.broker_fill_id, known.get("broker_fill_id")))
        is_same = ours is not None and theirs is not None and ours[0] == theirs[0]
        return is_same and known.get("account_id") == self.account_id and self.is_same_execution(known)

    def agrees_with(self, known: Mapping[str, Any]) -> bool:
        """Return whether a ledger document has the same content."""
        is_symbol = canonical_symbol(str(known.get("symbol"))) == canonical_symbol(self.symbol)
        is_side = SIDES.get(str(known.get("side"))) == SIDES.get(self.side)
        return is_symbol and is_side and all(known.get(name) == getattr(self, name) for name in _FIGURES)

    def to_ledger(self, tenant_id: str, uid: str, session_id: str | None, now: datetime) -> dict[str, Any]:
        """Return the document of ``ledger_trades``."""
        document = {name: getattr(self, name) for name in self.__slots__ if name != "is_order_complete"}
        absent = [name for name in _IN_COIN if document[name] is None]
        named = {"tenant_id": tenant_id, "uid": uid, "session_id": session_id, "created_at": now}
        return {name: value for name, value in document.items() if name not in absent} | named


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reported fill is in the ledger, or would be."""

    entry_id: str
    known: Mapping[str, Any] | None
    """Its document, if it exists."""
    first: Mapping[str, Any] | None = None
    """If the execution is there in another revision: the document that arrived first."""

    @classmethod
    def of(
        cls, fill: ReportedFill, stored: Mapping[str, Mapping[str, Any]], revisions: Sequence[LedgerEntry] = ()
    ) -> Place:
        """
        Find a fill.

        Parameters
        ----------
        stored : mapping
            Existing ledger documents, by id, of the fill's `ReportedFill.known_ids`.
        revisions : sequence of LedgerEntry
            Recorded revisions of an execution whose revisions the broker numbers, in order of arrival.
        """
        ids = fill.ids
        if ids is None:
            return cls(fill.fill_id, stored.get(fill.fill_id))
        before = stored.get(ids.before)
        if before is not None and fill.is_same_execution(before):
            return cls(ids.before, before)
        if ids.revised is None:
            return cls(ids.first, stored.get(ids.first))
        named = ((one, stored[one]) for one in (ids.first, ids.revised) if one in stored)
        told = [*((one.entry_id, one.document) for one in revisions), *named]
        told = [(entry_id, document) for entry_id, document in told if fill.is_revision_of(document)]
        for entry_id, document in told:
            if revision_of(document["broker_fill_id"]) == revision_of(fill.broker_fill_id):
                return cls(entry_id, document)
        free = ids.revised if ids.first in stored else ids.first
        return cls(free, None, told[0][1] if told else None)


@dataclass(frozen=True, slots=True)
class FillResult:
    """The outcome of one reported fill or other entry."""

    fill_id: str
    status: FillStatus
    reason_code: ReasonCode | None = None
    """Why it was rejected, or what is unusual about it."""
