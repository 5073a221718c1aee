"""What amendments and corporate actions change besides the ledger: position book, orders, paper positions, breakers."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.books import Checkpoint
from functions.domain.ledger.changes import Changes, changes_of_instant
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.ledger.events import EntryKind, Event, Flow, Split, kind_of
from functions.domain.ledger.fields import LedgerFields
from functions.domain.ledger.fills import Fill
from functions.domain.orchestration.paper import PaperPositions, paper_json, read_paper, split_paper
from functions.domain.orchestration.position_book import Splits
from functions.domain.trading.ledger_batch import LedgerBatch
from functions.domain.trading.ledger_positions import holdings_of
from functions.domain.trading.reported_entries import AMENDMENTS
from functions.domain.trading.split_orders import split_order, split_redemption
from functions.services.kernel.ports import Document
from functions.services.ledger.open_lots import complete_checkpoint, lots_after
from functions.services.ledger.read_ledger import SkippedDocuments
from functions.services.track_record.breaker_log import log_refuted_trip
from functions.services.trading.batch_state import writes_of
from functions.services.trading.ports import EntryLedger, TradingRecords, TradingStore
from functions.services.trading.redeem_signals import current_session, read_redemption

logger = logging.getLogger("maestro")

_END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)


class ApplyChanges:
    """Shared by use cases that record: side effects of their batches, and one commit of everything."""

    def __init__(self, store: TradingStore, ledger: EntryLedger) -> None:
        self._store = store
        self._ledger = ledger

    def of_instant(self, tenant_id: str, at: datetime, new: Mapping[str, Document]) -> Changes:
        """Return how new documents of an instant change what Maestro recorded. Raises StoreUnavailable."""
        entries = self._ledger.at_instant(tenant_id, at)
        before = {one.entry_id: one.document for one in entries if one.is_recorded and one.entry_id not in new}
        return changes_of_instant(before, {name: one for name, one in new.items() if _time_of(name, one) == at})

    def revisions(self, tenant_id: str, stem: str) -> list[LedgerEntry]:
        """
        Return what Maestro recorded of an execution whose revisions the broker numbers, in order of arrival.

        Raises
        ------
        StoreUnavailable
        """
        found = self._ledger.revisions(tenant_id, stem)
        recorded = [one for one in found if one.is_recorded and kind_of(one.document) is EntryKind.FILL]
        return sorted(recorded, key=lambda one: (one.document["ledger_version"], one.entry_id))

    def commit(
        self,
        tenant_id: str,
        batch: LedgerBatch,
        records: TradingRecords,
        adopted: Mapping[str, Document] | None = None,
    ) -> None:
        """
        Write a batch and its consequences, over the state that it was based on.

        Parameters
        ----------
        records : TradingRecords
            The state it was based on.
        adopted : mapping, optional
            Users' own documents that the batch adopts, in their new form, by id.

        Raises
        ------
        StoreConflict
            If there was another write meanwhile: nothing is written.
        StoreUnavailable
        """
        modes = self._apply(tenant_id, batch, adopted) if batch.amended or batch.come else {}
        self._store.commit(tenant_id, writes_of(batch, records, modes), records.session.version)
        log_refuted_trip(tenant_id, current_session(records).breaker, batch.current.breaker)

    def _apply(
        self, tenant_id: str, batch: LedgerBatch, adopted: Mapping[str, Document] | None
    ) -> dict[str | None, Document]:
        """
        Apply a batch's amendments and corporate actions to the rest of its state; return updates of modes documents.

        A symbol that was split, or that has a voided or corrected fill, is recounted from the ledger.
        """
        new = {**batch.ledger, **(adopted or {})}
        changes = Changes(come=tuple(one for one in batch.come if one.at not in batch.amended))
        for at in sorted(batch.amended):
            changes += self.of_instant(tenant_id, at, new)
        _count_flows(batch, changes)
        splits = _splits_of(changes)
        modes = self._split_paper(tenant_id, batch, splits) if splits else {}
        symbols = {_symbol(one) for one in (*changes.gone, *changes.come)}
        # The book may contain what an amendment refers to although Maestro has not recorded it yet.
        symbols |= {_symbol_of(one) for name, one in new.items() if _time_of(name, one) in batch.amended}
        symbols -= {""}
        if batch.book.is_open and symbols:
            if splits:
                self._split_orders(tenant_id, batch, splits)
            self._recount(tenant_id, batch, symbols, new)
        return modes

    def _recount(self, tenant_id: str, batch: LedgerBatch, symbols: set[str], new: Mapping[str, Document]) -> None:
        opened_at = batch.book.opened_at
        times = {name: _time_of(name, document) for name, document in new.items()}
        books = complete_checkpoint(self._ledger, tenant_id, min(times.values()))
        mine = {key: lots for key, lots in books.lots.items() if key.symbol in symbols}
        splits = {symbol: _before(batch.book.splits.get(symbol, ()), books.at) for symbol in symbols}

        def new_entry(name: str) -> LedgerEntry:
            return LedgerEntry(name, new[name], batch.now)

        def counted() -> Iterator[LedgerEntry]:
            added = deque(sorted((at, name) for name, at in times.items()))
            for entry in self._ledger.entries(tenant_id, books.at):
                while added and added[0][0] <= entry.document["ts"]:
                    yield new_entry(added.popleft()[1])
                if entry.entry_id not in new and (opened_at is None or entry.is_known_at(opened_at)):
                    yield entry
            yield from (new_entry(name) for _, name in added)

        def note_split(event: Event) -> None:
            if isinstance(event, Split) and event.symbol in symbols:
                splits[event.symbol] = (*splits[event.symbol], (event.at, event.ratio))

        opening = Checkpoint(books.at, mine, books.marks)
        lots = lots_after(opening, tenant_id, counted(), SkippedDocuments(), note_split)
        held = holdings_of({key: one for key, one in lots.items() if key.symbol in symbols})
        batch.book = batch.book.recounted(symbols, held, {symbol: one for symbol, one in splits.items() if one})

    def _split_orders(self, tenant_id: str, batch: LedgerBatch, splits: list[tuple[Split, float]]) -> None:
        under_way = [nonce for nonce, one in batch.book.orders.items() if not one.is_entry]
        unread = [nonce for nonce in under_way if nonce not in batch.redemptions]
        found = self._store.read(tenant_id, unread).redemptions if unread else {}
        batch.redemptions |= {nonce: read_redemption(one) for nonce, one in found.items()}
        for split, ratio in splits:
            for nonce in under_way:
                before = batch.redemptions.get(nonce)
                after = None if before is None else split_redemption(before, split, ratio)
                if before is not None and after is not None and after != before:
                    batch.redemptions[nonce] = after
                    order = split_order(batch.book.orders[nonce], split.symbol, ratio)
                    batch.book = replace(batch.book, orders={**batch.book.orders, nonce: order})

    def _split_paper(
        self, tenant_id: str, batch: LedgerBatch, splits: list[tuple[Split, float]]
    ) -> dict[str | None, Document]:
        changed: dict[str | None, Document] = {}
        since = [list(self._ledger.shadow_fills(tenant_id, split.at, _END_OF_TIME)) for split, _ in splits]
        for uid, document in self._store.modes(tenant_id).items():
            try:
                before: PaperPositions = read_paper(document)
            except InputError as error:  # every cycle reports it as an issue until it is fixed
                logger.error("Paper positions not split: %s", error, extra={"tenant": tenant_id})
                continue
            after = before
            for (split, ratio), records in zip(splits, since, strict=True):
                after = split_paper(after, split.symbol, ratio, records, uid, batch.book.ratio_after)
            if after != before:
                changed[uid] = {"paper_json": paper_json(after), "updated_at": batch.now}
        return changed


def _count_flows(batch: LedgerBatch, changes: Changes) -> None:
    flows = [(one, one.usd) for one in changes.come if isinstance(one, Flow)]
    flows += [(one, -one.usd) for one in changes.gone if isinstance(one, Flow)]
    for flow, usd in flows:
        batch.current = batch.current.with_flow(usd, flow.at, batch.now)


def _splits_of(changes: Changes) -> list[tuple[Split, float]]:
    """Return new splits, and voided ones as their inverse; oldest first."""
    come = [(one, one.ratio) for one in changes.come if isinstance(one, Split)]
    gone = [(one, 1 / one.ratio) for one in changes.gone if isinstance(one, Split)]
    return sorted([*come, *gone], key=lambda one: one[0].at)


def _symbol(event: Event) -> str:
    """Return the symbol whose positions an event changes; empty for other events."""
    if isinstance(event, Fill):
        return event.key.symbol
    return event.symbol if isinstance(event, Split) else ""


def _symbol_of(document: Mapping[str, Any]) -> str:
    is_held = kind_of(document) in {EntryKind.FILL, EntryKind.SPLIT, *AMENDMENTS}
    return canonical_symbol(str(document.get("symbol") or "")) if is_held else ""


def _before(splits: Splits, at: datetime | None) -> Splits:
    return () if at is None else tuple(one for one in splits if one[0] < at)


def _time_of(name: str, document: Mapping[str, Any]) -> datetime:
    return LedgerFields(name, document).time()
