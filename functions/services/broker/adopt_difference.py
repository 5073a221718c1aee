"""Book a difference between broker and books for an operator: as unowned, or as a strategy's position."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from functions.domain.broker.adoption import Adoption, differences_to_adopt, fill_of
from functions.domain.broker.reconciliation import Books, reconciled
from functions.domain.broker.snapshot import BrokerSnapshot
from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.errors import InputError
from functions.domain.orchestration.drift import Difference, Drifts, Subject
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.trading.fill_batch import FillBatch
from functions.domain.trading.ledger_positions import PositionDifference
from functions.domain.trading.opening import BookAction, BookChange
from functions.domain.trading.reported_fills import FillStatus, ReportedFill
from functions.services.broker.drift_ports import DriftStore, ReconciledRecords
from functions.services.broker.read_books import drifts_of, read_books
from functions.services.kernel.commits import Commits
from functions.services.kernel.ports import Clock, Versioned
from functions.services.ledger.ports import LedgerReader
from functions.services.trading.batch_state import state_of, writes_of
from functions.services.trading.open_book import Operator
from functions.services.trading.ports import TradingRecords, TradingStore

logger = logging.getLogger("maestro")


@dataclass(frozen=True, slots=True)
class Adopted:
    """The adopted differences, and the fills that book them."""

    differences: Sequence[Difference]
    fills: Sequence[ReportedFill]
    """One for each difference."""


class AdoptDifference:
    """The use case."""

    def __init__(
        self, store: TradingStore, drifts: DriftStore, ledger: LedgerReader, clock: Clock, commits: Commits
    ) -> None:
        self._store = store
        self._drifts = drifts
        self._ledger = ledger
        self._clock = clock
        self._commits = commits

    def run(
        self,
        tenant_id: str,
        operator: Operator,
        adoption: Adoption,
        policy_defaults: Mapping[str, Any],
        *,
        is_written: bool,
    ) -> Adopted:
        """
        Book positions that drift, or report what that would do.

        Parameters
        ----------
        is_written : bool
            False: nothing is written.

        Raises
        ------
        InputError
            If there is no such drift, the books changed since they were compared, or price or user is missing.
        RefusedError
            With CONTENTION.
        StoreUnavailable
        """
        return self._run(tenant_id, operator, adoption, policy_defaults, None, is_written)

    def begin(
        self, tenant_id: str, operator: Operator, seen: BrokerSnapshot, policy_defaults: Mapping[str, Any]
    ) -> Adopted:
        """
        Book as unowned what an account holds beyond the books when it is connected. Raises as `run`.

        Feeds must read the account's activities only from that time on: its positions include earlier ones, which
        would be booked twice.
        """
        return self._run(tenant_id, operator, Adoption(), policy_defaults, seen, is_written=True)

    def _run(
        self,
        tenant_id: str,
        operator: Operator,
        adoption: Adoption,
        policy_defaults: Mapping[str, Any],
        seen: BrokerSnapshot | None,
        is_written: bool,
    ) -> Adopted:
        if adoption.strategy_id != UNOWNED and not operator.uid:
            raise InputError("--uid", "the user whose fills they are", operator.uid)

        def attempt() -> Adopted:
            records = self._store.read(tenant_id, [], with_drift=True)
            stored = ReconciledRecords(records.session.value, records.positions, Versioned(records.drift, None))
            known = drifts_of(stored)
            books = read_books(self._ledger, tenant_id, stored, known, self._clock.now())
            if seen is None:
                found = differences_to_adopt(adoption, known)
            else:
                found = [
                    one for one in reconciled(Drifts(), books, seen).differences if one.subject is Subject.POSITION
                ]
            adopted = Adopted(found, [fill_of(one, adoption, books) for one in found])
            if is_written and found:
                self._commit(tenant_id, operator, adopted, books, records, policy_defaults)
            return adopted

        adopted = self._commits.run(tenant_id, attempt)
        if is_written and adopted.fills:
            self._forget(tenant_id, adopted.differences)
            for one in adopted.differences:
                logger.warning("Difference booked by %s for %s: %s", operator.name, adoption.strategy_id, one)
        return adopted

    def _commit(
        self,
        tenant_id: str,
        operator: Operator,
        adopted: Adopted,
        books: Books,
        records: TradingRecords,
        policy_defaults: Mapping[str, Any],
    ) -> None:
        ids = [one for fill in adopted.fills for one in fill.known_ids]
        records = replace(records, fills=self._store.read(tenant_id, [], ids).fills)
        state = state_of(tenant_id, operator.uid or UNOWNED, self._clock.now(), records, policy_defaults)
        before: PositionBook = state["book"]
        batch = FillBatch(**state, is_backfill=True)
        for fill in adopted.fills:
            batch.add(fill)
            if batch.results[-1].status is not FillStatus.RECORDED:
                raise InputError(f"--adopt {fill.symbol}", "a difference that was not booked yet", fill.qty)
        change = BookChange(
            at=records.read_at,
            by=operator.name,
            action=BookAction.ADOPTED,
            ledger_version=batch.current.ledger_version,
            differences=[_changed(one, before, books) for one in adopted.fills],
            given=list(batch.ledger),
            unowned=books.unowned,
        )
        writes = replace(writes_of(batch, records), new_book_changes={change.change_id: change.to_document()})
        self._store.commit(tenant_id, writes, records.session.version)

    def _forget(self, tenant_id: str, booked: Sequence[Difference]) -> None:
        """Remove booked differences from the record; if this is interrupted, the next comparison removes them."""

        def attempt() -> None:
            records = self._drifts.read(tenant_id)
            drifts = drifts_of(records)
            left = tuple(one for one in drifts.differences if one not in booked)
            if len(left) < len(drifts.differences):
                document = replace(drifts, differences=left).to_document(self._clock.now())
                self._drifts.put_drift(tenant_id, document, records.drift)

        self._commits.run(f"{tenant_id}/drift", attempt)


def _changed(fill: ReportedFill, before: PositionBook, books: Books) -> PositionDifference:
    """Return what the fill's owner holds before it and after it."""
    is_owned = fill.strategy_id != UNOWNED
    held = before.holding(fill.strategy_id, fill.symbol).qty if is_owned else books.unowned.get(fill.symbol, 0.0)
    return PositionDifference(fill.strategy_id, fill.symbol, held, held + fill.signed_qty)
