"""Open the position book for an operator: from the ledger, with unowned positions shown or assigned."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import Policy
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.ledger.events import Event, Split
from functions.domain.orchestration.position_book import OPEN_OUTCOME_KEPT, Holding, Key, PositionBook, Splits
from functions.domain.trading.fill_batch import FillBatch
from functions.domain.trading.gifts import Gift
from functions.domain.trading.ledger_positions import PositionDifference, differences, holdings_of, unowned_of
from functions.domain.trading.opening import BookAction, BookChange, fills_of_gifts, opened_book, taken_from_unowned
from functions.domain.trading.reported_fills import FillStatus, ReportedFill
from functions.domain.trading.reservations import CurrentSession
from functions.domain.trading.residuals import Residuals, residuals_of
from functions.services.kernel.commits import Commits
from functions.services.kernel.ports import Clock
from functions.services.ledger.open_lots import lots_of_all_fills
from functions.services.ledger.ports import LedgerReader
from functions.services.ledger.read_ledger import SkippedDocuments
from functions.services.trading.ports import BookStore, TradingRecords, TradingWrites
from functions.services.trading.redeem_signals import book_or_closed, current_session, policy_or_none

logger = logging.getLogger("maestro")


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator who opens a book, and the user for whom positions are assigned."""

    name: str
    uid: str | None = None
    """The user to whom the fills of gifts belong."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What opening the book does."""

    before: PositionBook
    book: PositionBook
    differences: Sequence[PositionDifference]
    """Differences between an open book and the ledger, before gifts."""
    given: Sequence[ReportedFill]
    residuals: Residuals
    """After gifts."""
    skipped: SkippedDocuments
    """Ledger documents that could not be used."""

    @property
    def is_change(self) -> bool:
        is_same = self.before.is_open and self.before.orders.keys() == self.book.orders.keys()
        return not is_same or bool(self.differences or self.given)


@dataclass(frozen=True, slots=True)
class _LedgerRead:
    """The sum of the ledger, if it was read as a whole."""

    version: int
    as_of: datetime
    """By the store's clock."""
    holdings: Mapping[Key, Holding]
    unowned: Mapping[str, float]
    """What is booked as unowned, signed units by canonical symbol."""
    splits: Mapping[str, Splits]
    skipped: SkippedDocuments


class OpenBook:
    """The use case."""

    def __init__(self, store: BookStore, ledger: LedgerReader, clock: Clock, commits: Commits) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._commits = commits

    def open(
        self,
        tenant_id: str,
        operator: Operator,
        gifts: Sequence[Gift],
        policy_defaults: Mapping[str, Any],
        *,
        is_written: bool,
    ) -> Opening:
        """
        Open the book, or reopen it from the ledger; or report what that would do.

        The whole ledger is read, page by page. A write meanwhile makes the commit conflict, and the ledger is read
        again; a user's own document that Maestro has not adopted yet is left for later.

        Parameters
        ----------
        is_written : bool
            False: nothing is written.

        Raises
        ------
        InputError
            If a gift cannot be assigned, or the user for its fill is missing.
        RefusedError
            With CONTENTION.
        StoreUnavailable
        """
        if gifts and not operator.uid:
            raise InputError("--uid", "the id of the user to whom the assigned fills belong", operator.uid)
        read: list[_LedgerRead] = []

        def attempt() -> Opening:
            records = self._store.read(tenant_id, [])
            current = current_session(records)
            if not read or read[-1].version != current.ledger_version:
                read.append(self._read_ledger(tenant_id, current.ledger_version, records.read_at))
            return self._opened(tenant_id, operator, gifts, policy_defaults, (read[-1], records), is_written)

        opening = self._commits.run(tenant_id, attempt)
        if is_written and opening.is_change:
            logger.warning("Position book opened by %s", operator.name, extra={"tenant": tenant_id})
        return opening

    def close(self, tenant_id: str, by: str, because: str, *, is_written: bool) -> bool:
        """Close the book, so that positions are unknown; return whether it was open. Raises as `open`."""

        def attempt() -> bool:
            records, now = self._store.read(tenant_id, []), self._clock.now()
            book, current = book_or_closed(records), current_session(records)
            if book.is_open and is_written:
                version = current.ledger_version
                at, action = records.read_at, BookAction.CLOSED
                change = BookChange(at=at, by=by, action=action, ledger_version=version, because=because)
                writes = _writes(current, book.closed(because, by), change, now)
                self._store.commit(tenant_id, writes, records.session.version)
            return book.is_open

        was_open = self._commits.run(tenant_id, attempt)
        if was_open and is_written:
            logger.warning("Position book closed by %s: %s", by, because, extra={"tenant": tenant_id})
        return was_open

    def show(self, tenant_id: str, policy_defaults: Mapping[str, Any]) -> tuple[PositionBook, Residuals]:
        """Return the book and the unowned positions. Raises StoreUnavailable, and InputError if the book is damaged."""
        records = self._store.read(tenant_id, [])
        book = PositionBook.from_document(records.positions)
        return book, self._residuals(tenant_id, book, records, policy_or_none(policy_defaults, records.policy))

    def _opened(
        self,
        tenant_id: str,
        operator: Operator,
        gifts: Sequence[Gift],
        policy_defaults: Mapping[str, Any],
        read: tuple[_LedgerRead, TradingRecords],
        is_written: bool,
    ) -> Opening:
        ledger, records = read
        now, before, current = self._clock.now(), book_or_closed(records), current_session(records)
        policy = policy_or_none(policy_defaults, records.policy)
        redemptions = self._store.reserved_redemptions(tenant_id, now - OPEN_OUTCOME_KEPT)
        book = opened_book(ledger.holdings, redemptions, operator.name, ledger.as_of, now)
        book = replace(book, splits=ledger.splits)
        residuals = self._residuals(tenant_id, book, records, policy)
        found = differences(before.holdings, book.holdings) if before.is_open else []
        given = fills_of_gifts(gifts, residuals, (symbol for _, symbol in book.holdings))
        batch = FillBatch(
            tenant_id=tenant_id,
            uid=operator.uid or "",
            now=now,
            policy=policy or Policy(),
            current=current,
            book=book,
            redemptions={},
            is_backfill=True,
        )
        taken = taken_from_unowned(given, ledger.unowned)
        self._give(tenant_id, batch, given)
        batch = replace(batch, uid=UNOWNED, results=[])
        self._give(tenant_id, batch, taken)
        left = residuals.without(fill.symbol for fill in given)
        opening = Opening(before, batch.book, found, given, left, ledger.skipped)
        if is_written and opening.is_change:
            change = BookChange(
                at=records.read_at,
                by=operator.name,
                action=BookAction.MENDED if before.is_open else BookAction.OPENED,
                ledger_version=batch.current.ledger_version,
                differences=found if before.is_open else differences({}, book.holdings),
                given=list(batch.ledger),
                unowned=left.unowned,
            )
            writes = replace(_writes(batch.current, batch.book, change, now), new_fills=batch.ledger)
            self._store.commit(tenant_id, writes, records.session.version)
        return opening

    def _give(self, tenant_id: str, batch: FillBatch, given: Sequence[ReportedFill]) -> None:
        ids = [one for fill in given for one in fill.known_ids]
        known = self._store.read(tenant_id, [], ids).fills if given else {}
        batch.stored = {entry_id: one.value for entry_id, one in known.items()}
        for fill in given:
            batch.add(fill)
            if batch.results[-1].status is not FillStatus.RECORDED:
                limit = "a position that was not yet assigned from this account snapshot: send a newer snapshot"
                raise InputError(f"--give {fill.symbol}={fill.strategy_id}", limit, fill.qty)

    def _residuals(
        self, tenant_id: str, book: PositionBook, records: TradingRecords, policy: Policy | None
    ) -> Residuals:
        stored = self._store.account_and_prices(tenant_id)
        max_age = (policy or Policy()).max_input_age_seconds
        version = current_session(records).ledger_version
        return residuals_of(book, stored.account, stored.market_data, self._clock.now(), max_age, version)

    def _read_ledger(self, tenant_id: str, version: int, as_of: datetime) -> _LedgerRead:
        def is_counted(entry: LedgerEntry) -> bool:
            return entry.is_known_at(as_of)

        skipped = SkippedDocuments()
        splits: dict[str, Splits] = {}

        def note_split(event: Event) -> None:
            if isinstance(event, Split):
                splits[event.symbol] = (*splits.get(event.symbol, ()), (event.at, event.ratio))

        lots = lots_of_all_fills(self._ledger, tenant_id, is_counted, skipped, note_split)
        return _LedgerRead(version, as_of, holdings_of(lots), unowned_of(lots), splits, skipped)


def _writes(current: CurrentSession, book: PositionBook, change: BookChange, now: datetime) -> TradingWrites:
    return TradingWrites(
        session=current.to_fields(now),
        positions=book.to_document(now),
        new_book_changes={change.change_id: change.to_document()},
    )
