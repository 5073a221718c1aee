"""A fill as a client reports it, and what becomes of it."""

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
"""What two reports of one fill agree on, beside symbol and side."""


class FillStatus(StrEnum):
    """What became of a reported fill, or of another entry."""

    RECORDED = "RECORDED"
    DUPLICATE = "DUPLICATE"
    """It is in the ledger already."""
    REJECTED = "REJECTED"
    """It is not in the ledger; the reason code says why."""
    LEFT_TO_FEED = "LEFT_TO_FEED"
    """The tenant's account is read from its broker: the fill is booked by the broker's own word, once that tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFill:
    """One fill as the client reports it: identified by ``broker_fill_id``, else by ``nonce`` and its own figures."""

    strategy_id: str = UNOWNED
    """`UNOWNED`: nobody's."""
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
    """USD; below 0 a maker's rebate."""
    slippage: float = 0.0
    fee_currency: str | None = None
    """What ``fee_qty`` is in: the coin that was traded, the money it was traded for, or any other with ``fee_rate``."""
    fee_qty: float | None = None
    fee_rate: float | None = None
    """USD per unit of ``fee_currency``."""
    nonce: str | None = None
    """Of the redeemed signal."""
    broker_fill_id: str | None = None
    order_id: str | None = None
    account_id: str | None = None
    run_id: str | None = None
    is_order_complete: bool = False
    """Whether it is its order's last: what is left of the reservation is free again."""

    @property
    def ids(self) -> ExecutionIds | None:
        """Where it may be in the ledger, by the broker's id; None without one."""
        if self.broker_fill_id is None:
            return None
        return ExecutionIds.of(self.account_id, self.symbol, self.order_id, self.broker_fill_id)

    @property
    def fill_id(self) -> str:
        """The ledger document's id, the same whenever the fill is reported again."""
        return self.ids.first if self.ids else f"n_{self.nonce}_{digest(self._figures())}"

    @property
    def known_ids(self) -> list[str]:
        """Every id that tells what is known of it."""
        return self.ids.all if self.ids else [self.fill_id]

    @property
    def signed_qty(self) -> float:
        """Units executed; below 0 sold."""
        return self.qty if self.side == "buy" else -self.qty

    def _figures(self) -> list[Any]:
        return [self.strategy_id, self.symbol, self.side, self.qty, self.price, self.ts.isoformat(), self.order_id]

    def is_same_execution(self, known: Mapping[str, Any]) -> bool:
        """Tell whether a ledger document of the same account and broker's id is of the same symbol and order."""
        symbol = canonical_symbol(str(known.get("symbol")))
        return (symbol, known.get("order_id")) == (canonical_symbol(self.symbol), self.order_id)

    def is_revision_of(self, known: Mapping[str, Any]) -> bool:
        """Tell whether a ledger document is of the same execution, in whichever revision of it."""
        ours, theirs = (revision_of(one) for one in (self.broker_fill_id, known.get("broker_fill_id")))
        is_same = ours is not None and theirs is not None and ours[0] == theirs[0]
        return is_same and known.get("account_id") == self.account_id and self.is_same_execution(known)

    def agrees_with(self, known: Mapping[str, Any]) -> bool:
        """Tell whether a ledger document says the same of it."""
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
    """Its document, if it is there."""
    first: Mapping[str, Any] | None = None
    """Of an execution that is there in another revision: the document that came first."""

    @classmethod
    def of(
        cls, fill: ReportedFill, stored: Mapping[str, Mapping[str, Any]], revisions: Sequence[LedgerEntry] = ()
    ) -> Place:
        """
        Find a fill.

        Parameters
        ----------
        stored : mapping
            Ledger documents that exist, by id, of the fill's `ReportedFill.known_ids`.
        revisions : sequence of LedgerEntry
            Of an execution whose revisions the broker counts, those that are recorded, the first to come first.
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
    """What became of one reported fill, or of another entry."""

    fill_id: str
    status: FillStatus
    reason_code: ReasonCode | None = None
    """Why it was rejected, or what is odd about it."""
