"""Record fills and other entries that the API refuses for their age: from a file into the ledger, once each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from google.cloud.firestore import Client

from functions.adapters.firestore.entry_ledger import FirestoreEntryLedger
from functions.adapters.firestore.trading_store import FirestoreTradingStore
from functions.adapters.system import SystemClock, jittered_pause
from functions.domain.kernel.errors import FillError, InputError
from functions.domain.kernel.parsing import check_document_id, is_document_id
from functions.domain.ledger.events import parse_entry
from functions.domain.trading.reported_entries import AMENDMENTS, ReportedEntry
from functions.domain.trading.reported_fills import FillResult, FillStatus, Place, ReportedFill
from functions.services.kernel.commits import Commits
from functions.services.trading.record_entries import RecordEntries
from functions.services.trading.record_fills import RecordFills
from functions.strategies.maestro_controller import MaestroController
from tools.backfill_file import COLUMNS, LABELS, Row, read_file
from tools.connection import database_of
from tools.terminal import AsJson, notes, print_rows

_BATCH = 100

T = TypeVar("T")
Tenant = Annotated[str, typer.Argument(help="Tenant id, as under tenants/ in Firestore.")]
_HELP = (
    f"CSV with {', '.join(COLUMNS)}; optional: fees, slippage, fee_currency, fee_qty, fee_rate, {', '.join(LABELS)}; "
)
_HELP += "or with id, kind and the columns of each kind; or a JSON list of such objects."


def backfill(
    tenant: Tenant,
    file: Annotated[Path, typer.Argument(help=_HELP)],
    uid: Annotated[str, typer.Option(help="Whose fills they are.")],
    write: Annotated[bool, typer.Option("--write", help="Record them; without it nothing is written.")] = False,
    as_json: AsJson = False,
) -> None:
    """
    Record fills and other entries of any age, once each by their id; then compute their days with day.

    Times have a zone (2020-03-02T20:00:00Z). The file is read whole before anything is written: a row that is wrong is
    named with its line, and nothing is recorded. The account is assumed to include them already, so they hold no buying
    power. A void or correction names, in its column "of", the ledger id of the entry that it amends.
    """
    check_document_id("uid", uid)
    rows, db = read_file(file), database_of(tenant)
    known = _known(FirestoreTradingStore(db), tenant, uid, rows)
    conflicts = _record(db, tenant, uid, [row for _, row in rows]) if write else 0
    print_rows(("strategy", "fills", "new", "first", "last"), summary([row for _, row in rows], known), as_json=as_json)
    if not write:
        notes.print("Nothing was written: this was a dry run. Add --write to record them.")
    if conflicts:
        limit = "the same as in the ledger for ids that it already has (see above)"
        raise InputError(f"{file}: entries", limit, f"{conflicts} with other figures")


def _known(
    store: FirestoreTradingStore, tenant: str, uid: str, rows: Sequence[tuple[str, Row]]
) -> dict[str, Mapping[str, Any]]:
    """Return the ledger documents that a file names. Raises InputError if it amends an entry that does not exist."""
    known: dict[str, Mapping[str, Any]] = {}
    for batch in batches(rows):
        ids = {one for _, row in batch for one in _ids(row)}
        known |= {entry_id: one.value for entry_id, one in store.read(tenant, [], sorted(ids)).fills.items()}
    for place, row in rows:
        if isinstance(row, ReportedEntry) and row.kind in AMENDMENTS and row.entry_id not in known:
            if row.of is None:
                raise FillError(f"{place}.of", "the id of a ledger document", None)
            document = row.to_ledger(place, tenant, uid, known.get(row.of), SystemClock().now())
            parse_entry(place, document)
    return known


def _ids(row: Row) -> list[str]:
    if isinstance(row, ReportedFill):
        return row.known_ids
    return [row.entry_id, *([row.of] if is_document_id(row.of) else [])]


def _record(db: Client, tenant: str, uid: str, rows: Sequence[Row]) -> int:
    """Record fills, then other entries; return how many differ from what the ledger has."""
    parts = FirestoreTradingStore(db), FirestoreEntryLedger(db), SystemClock(), Commits(jittered_pause)
    defaults, conflicts = MaestroController.policy_defaults(), 0
    record_fills, record_entries = RecordFills(*parts), RecordEntries(*parts)
    for fills in batches([row for row in rows if isinstance(row, ReportedFill)]):
        results = record_fills.run(tenant, uid, fills, defaults, is_backfill=True).results
        conflicts += _told([str(fill.broker_fill_id) for fill in fills], results)
    for entries in batches([row for row in rows if isinstance(row, ReportedEntry)]):
        results = record_entries.run(tenant, uid, entries, defaults, is_backfill=True).results
        conflicts += _told([entry.ref for entry in entries], results)
    return conflicts


def _told(names: Sequence[str], results: Sequence[FillResult]) -> int:
    rejected = [one for one in zip(names, results, strict=True) if one[1].status is FillStatus.REJECTED]
    for name, result in rejected:
        notes.print(f"rejected {name}: {result.reason_code}", soft_wrap=True)
    return len(rejected)


def batches(rows: Sequence[T]) -> list[Sequence[T]]:
    return [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]


def summary(rows: Sequence[Row], known: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per strategy, and per kind of other entries; those that amend have no time of their own."""
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_name[row.strategy_id if isinstance(row, ReportedFill) else f"({row.kind})"].append(row)
    return [
        {
            "strategy": name,
            "fills": len(mine),
            "new": sum(not _is_known(row, known) for row in mine),
            "first": min((ts for row in mine if (ts := _ts(row)) is not None), default=None),
            "last": max((ts for row in mine if (ts := _ts(row)) is not None), default=None),
        }
        for name, mine in sorted(by_name.items())
    ]


def _is_known(row: Row, known: Mapping[str, Mapping[str, Any]]) -> bool:
    if isinstance(row, ReportedFill):
        return Place.of(row, known).known is not None
    return row.entry_id in known


def _ts(row: Row) -> Any:
    return row.ts if isinstance(row, ReportedFill) else row.fields.get("ts")
