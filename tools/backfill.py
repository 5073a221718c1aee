"""Fills of long ago, which the API refuses for their age, into the ledger: from a CSV file, once each."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from functions.adapters.firestore.trading_store import FirestoreTradingStore
from functions.adapters.system import SystemClock, jittered_pause
from functions.domain.kernel.errors import FillError, InputError
from functions.domain.kernel.parsing import check_document_id
from functions.domain.ledger.fills import parse_fill
from functions.domain.trading.reported_fills import FillStatus, ReportedFill, as_reported
from functions.services.kernel.commits import Commits
from functions.services.trading.record_fills import RecordFills
from functions.strategies.maestro_controller import MaestroController
from tools.connection import database_of
from tools.terminal import AsJson, notes, print_rows

COLUMNS = ("id", "ts", "strategy_id", "symbol", "side", "qty", "price")
"""Columns that a file needs."""
_BATCH = 100
_LABELS = ("nonce", "order_id", "account_id", "run_id")

Tenant = Annotated[str, typer.Argument(help="Tenant id, as under tenants/ in Firestore.")]


def backfill(
    tenant: Tenant,
    file: Annotated[
        Path, typer.Argument(help=f"CSV with {', '.join(COLUMNS)}; fees, slippage, {', '.join(_LABELS)} if there.")
    ],
    uid: Annotated[str, typer.Option(help="Whose fills they are.")],
    write: Annotated[bool, typer.Option("--write", help="Record them; without it nothing is written.")] = False,
    as_json: AsJson = False,
) -> None:
    """
    Record fills of any age, once each by their id; then compute their days with day.

    Times have a zone (2020-03-02T20:00:00Z). The file is read whole before anything is written: a row that is wrong is
    named with its line, and nothing is recorded. They are taken to be in the account already, so they hold no buying
    power.
    """
    check_document_id("uid", uid)
    fills = read_fills(file)
    store = FirestoreTradingStore(database_of(tenant))
    known: set[str] = set()
    for batch in batches(fills):
        known |= store.read(tenant, [], [fill.fill_id for fill in batch]).fills.keys()
    conflicts = 0
    if write:
        record = RecordFills(store, SystemClock(), Commits(jittered_pause))
        for batch in batches(fills):
            recorded = record.run(tenant, uid, batch, MaestroController.policy_defaults(), is_backfill=True)
            for fill, result in zip(batch, recorded.results, strict=True):
                if result.status is FillStatus.REJECTED:
                    conflicts += 1
                    notes.print(f"rejected {fill.broker_fill_id}: {result.reason_code}", soft_wrap=True)
    print_rows(("strategy", "fills", "new", "first", "last"), summary(fills, known), as_json=as_json)
    if not write:
        notes.print("Nothing was written: this was a dry run. Add --write to record them.")
    if conflicts:
        raise InputError(str(file), "what the ledger says of ids that it has", f"{conflicts} fills that differ")


def read_fills(file: Path) -> list[ReportedFill]:
    """
    Read a file of fills.

    Raises
    ------
    FillError
        Names line, column, limit and value.
    InputError
        If a column is missing, or an id stands twice.
    """
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = csv.DictReader(lines)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise InputError(str(file), f"a CSV file with the columns {', '.join(COLUMNS)}", f"without {missing}")
        fills = [_read(f"{file}, line {rows.line_num}", row) for row in rows]
    seen: set[str] = set()
    for fill in fills:
        if fill.fill_id in seen:
            raise InputError(str(file), "a file with each id once", fill.broker_fill_id)
        seen.add(fill.fill_id)
    return fills


def _read(line: str, row: dict[str, Any]) -> ReportedFill:
    given = {name: value for name, value in row.items() if name and value not in (None, "")}
    if "id" not in given:
        raise FillError(f"{line}.id", "the trade's own id, so that it is recorded once", row.get("id"))
    fill = parse_fill(line, {"uid": "-", **given})
    labels: dict[str, Any] = {name: str(given[name]) for name in _LABELS if name in given}
    return as_reported(fill, broker_fill_id=str(given["id"]), **labels)


def batches(fills: Sequence[ReportedFill]) -> list[Sequence[ReportedFill]]:
    return [fills[start : start + _BATCH] for start in range(0, len(fills), _BATCH)]


def summary(fills: Sequence[ReportedFill], known: set[str]) -> list[dict[str, Any]]:
    """Return one row per strategy."""
    by_strategy: dict[str, list[ReportedFill]] = defaultdict(list)
    for fill in fills:
        by_strategy[fill.strategy_id].append(fill)
    return [
        {
            "strategy": name,
            "fills": len(mine),
            "new": sum(fill.fill_id not in known for fill in mine),
            "first": min(fill.ts for fill in mine),
            "last": max(fill.ts for fill in mine),
        }
        for name, mine in sorted(by_strategy.items())
    ]
