"""What a batch of fills does to the ledger, to redemptions, to buying power and to the position book: one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import check_not_ahead, is_document_id
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.ledger.fills import parse_fill
from functions.domain.orchestration.position_book import NO_QUANTITY, PositionBook
from functions.domain.trading.redemption import Redemption, RedemptionStatus, settle
from functions.domain.trading.reported_fills import FillResult, FillStatus, ReportedFill, as_reported
from functions.domain.trading.reservations import CurrentSession, Overfill

_IDENTITY = ("strategy_id", "symbol", "side", "qty", "price")
"""What two reports of one fill agree on."""


@dataclass(slots=True, kw_only=True)
class FillBatch:
    """The tenant's state as it is once the fills added so far are recorded."""

    tenant_id: str
    uid: str
    now: datetime
    policy: Policy
    current: CurrentSession
    book: PositionBook
    redemptions: dict[str, Redemption]
    """By nonce."""
    is_backfill: bool = False
    """An operator's: fills of any age, which the account knows of and which hold no buying power."""
    ledger: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Documents to create, by id."""
    adopted: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Fields to set of documents that users wrote themselves, by id."""
    results: list[FillResult] = field(default_factory=list)
    """In the order they were added."""

    def add(self, fill: ReportedFill, stored: Mapping[str, Any] | None) -> None:
        """
        Add one fill.

        A fill is a fact: one that is late, or above what was reserved, is recorded all the same. Rejected is only what
        contradicts the redeemed signal, or the ledger.

        Parameters
        ----------
        stored : mapping or None
            The ledger document of its id.

        Raises
        ------
        InputError
            If one that is not in the ledger is dated ahead, or longer ago than the policy's ``max_fill_age_days``.
        """
        known = self.ledger.get(fill.fill_id) or stored
        if known is None:
            self._check_time(f"fills.{len(self.results)}.ts", fill.ts)
            status, odd = self._record(fill)
        else:
            status, odd = _again(fill, known)
        self.results.append(FillResult(fill.fill_id, status, odd))

    def adopt(self, entry: LedgerEntry) -> None:
        """
        Take in one that a user's own code wrote to the ledger: a fact, whatever it contradicts.

        It is spent unless it is too old for the account not to know of it, and in the book unless the book was taken
        from a ledger that had it.

        Raises
        ------
        FillError
            If it is malformed: nobody counts it.
        """
        fill = as_reported(parse_fill(entry.entry_id, entry.document), nonce=nonce_of(entry.document))
        redemption = self._redemption_of(fill)
        is_mismatch = redemption is not None and not _is_of(fill, redemption)
        odd = self._count(
            entry.entry_id,
            fill,
            None if is_mismatch else redemption,
            is_spent=not self.is_too_old(fill.ts),
            is_in_book=self.book.opened_at is not None and entry.is_known_at(self.book.opened_at),
        )
        added: dict[str, Any] = {} if entry.is_timed else {"ts": fill.ts}  # by which the ledger is read
        if not isinstance(entry.document.get("created_at"), datetime):
            added["created_at"] = self.now  # which tells a late one
        self.adopted[entry.entry_id] = added | {"ledger_version": self.current.ledger_version}
        odd = ReasonCode.FILL_MISMATCH if is_mismatch else odd
        self.results.append(FillResult(entry.entry_id, FillStatus.RECORDED, odd))

    def is_too_old(self, ts: datetime) -> bool:
        """Tell whether the policy's ``max_fill_age_days`` are over."""
        return ts < self.now - timedelta(days=self.policy.max_fill_age_days)

    def _check_time(self, field_name: str, ts: datetime) -> None:
        check_not_ahead(field_name, ts, self.now)
        if not self.is_backfill and self.is_too_old(ts):
            limit = f"at most {self.policy.max_fill_age_days} days ago (max_fill_age_days)"
            limit += "; older fills are an operator's: make maestro ARGS=backfill"
            raise InputError(field_name, limit, ts.isoformat())

    def _redemption_of(self, fill: ReportedFill) -> Redemption | None:
        return self.redemptions.get(fill.nonce) if fill.nonce else None

    def _record(self, fill: ReportedFill) -> tuple[FillStatus, ReasonCode | None]:
        redemption = self._redemption_of(fill)
        if redemption is not None and not _is_of(fill, redemption):
            return FillStatus.REJECTED, ReasonCode.FILL_MISMATCH
        odd = self._count(fill.fill_id, fill, redemption, is_spent=not self.is_backfill, is_in_book=False)
        document = fill.to_ledger(self.tenant_id, self.uid, redemption.session_id if redemption else None, self.now)
        self.ledger[fill.fill_id] = document | {"ledger_version": self.current.ledger_version}
        return FillStatus.RECORDED, odd

    def _count(
        self, fill_id: str, fill: ReportedFill, redemption: Redemption | None, *, is_spent: bool, is_in_book: bool
    ) -> ReasonCode | None:
        """Count a fill in buying power, book and redemption, once; return what is odd about it."""
        before = self.book.holding(fill.strategy_id, fill.symbol).qty - (fill.signed_qty if is_in_book else 0.0)
        if self.book.is_open and not is_in_book:
            self.book = self.book.with_fill(fill.strategy_id, fill.symbol, fill.signed_qty, fill.price)
        spent = self._spent_units(fill, redemption, before) * fill.price if is_spent else 0.0
        self.current = self.current.with_fill(fill.nonce, spent, self.now)
        odd = ReasonCode.NOT_IN_A_REDEMPTION if fill.nonce and redemption is None else None
        beyond = self._sold_beyond(fill)
        if redemption is not None:
            settled = self._settle(redemption, fill)
            beyond = max(beyond, settled.overfilled_qty)
            odd = ReasonCode.OVERFILLED if settled.is_overfilled else odd
        if beyond > NO_QUANTITY:
            odd = ReasonCode.OVERFILLED
            over = Overfill(fill_id, fill.strategy_id, fill.symbol, fill.side, beyond, self.now)
            self.current = self.current.with_overfill(over)
        return odd

    def _settle(self, redemption: Redemption, fill: ReportedFill) -> Redemption:
        nonce, is_complete = redemption.nonce, fill.is_order_complete
        before = self.book.orders.get(nonce)
        self.book = self.book.with_order_filled(nonce, fill.symbol, fill.qty, is_complete=is_complete)
        if before is not None and before.qty_by_symbol:  # the broker has an order of its own for each symbol
            is_complete = not self.book.orders[nonce].qty_by_symbol
        settled, reservation = settle(redemption, fill.qty, fill.price, self.now, is_order_complete=is_complete)
        self.redemptions[nonce] = settled
        self.current = self.current.reserving(nonce, reservation)
        if settled.status is RedemptionStatus.FILLED:
            self.book = self.book.without_order(nonce)
        return settled

    def _spent_units(self, fill: ReportedFill, redemption: Redemption | None, before: float) -> float:
        """Return for how many units a fill took buying power: all that were bought, and what a sale opened short."""
        if fill.side == "buy":
            return fill.qty
        if self.book.is_open:
            return max(0.0, fill.qty - max(0.0, before))
        return fill.qty if redemption is not None and redemption.is_entry else 0.0

    def _sold_beyond(self, fill: ReportedFill) -> float:
        """Return how many units a fill sold that its strategy did not have, where it may have no short."""
        is_no_matter = self.is_backfill or self.policy.allow_shorts or fill.side == "buy"
        if is_no_matter or not self.book.is_open:
            return 0.0
        return min(fill.qty, max(0.0, -self.book.holding(fill.strategy_id, fill.symbol).qty))


def nonce_of(document: Mapping[str, Any]) -> str | None:
    """Return the nonce that a user's own ledger document names, if it is one."""
    nonce = document.get("nonce")
    return nonce if is_document_id(nonce) else None


def _again(fill: ReportedFill, known: Mapping[str, Any]) -> tuple[FillStatus, ReasonCode | None]:
    if all(known.get(name) == getattr(fill, name) for name in _IDENTITY):
        return FillStatus.DUPLICATE, None
    return FillStatus.REJECTED, ReasonCode.FILL_CONFLICT


def _is_of(fill: ReportedFill, redemption: Redemption) -> bool:
    """Tell whether a fill is of the redeemed signal; one without a symbol left everything, whatever it was."""
    is_symbol = not redemption.symbol or canonical_symbol(fill.symbol) == canonical_symbol(redemption.symbol)
    return is_symbol and (fill.strategy_id, fill.side) == (redemption.strategy_id, redemption.action.lower())
