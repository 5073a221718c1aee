"""Files of fills and other ledger entries, as an operator provides them: CSV, or a JSON list of objects."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from functions.domain.kernel.errors import FillError, InputError
from functions.domain.kernel.parsing import as_number
from functions.domain.ledger.events import EntryKind, kind_of, parse_entry
from functions.domain.ledger.fields import LedgerFields
from functions.domain.ledger.fills import parse_fill
from functions.domain.trading.reported_entries import AMENDMENTS, ReportedEntry
from functions.domain.trading.reported_fills import ReportedFill

COLUMNS = ("id", "ts", "strategy_id", "symbol", "side", "qty", "price")
"""Columns that a CSV file of fills alone needs; with a column ``kind`` each row needs its kind's columns."""
LABELS = ("nonce", "order_id", "account_id", "run_id")
_NUMBERS = ("qty", "price", "fees", "slippage", "fee_qty", "fee_rate", "ratio", "per_unit", "amount")
_TEXTS = ("strategy_id", "symbol", "of", "fee_currency")

Row = ReportedFill | ReportedEntry


def read_file(file: Path) -> list[tuple[str, Row]]:
    """
    Read a file; each row is named as errors name it.

    Raises
    ------
    FillError
        Names line or row, field, limit and value.
    InputError
        If it is not such a file, or an id occurs twice.
    """
    rows = [(place, _read(place, row)) for place, row in _rows(file)]
    seen: set[str] = set()
    for _, row in rows:
        entry_id = row.fill_id if isinstance(row, ReportedFill) else row.entry_id
        if entry_id in seen:
            told = row.broker_fill_id if isinstance(row, ReportedFill) else row.ref
            raise InputError(str(file), "a file with each id once", told)
        seen.add(entry_id)
    return rows


def _rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if file.suffix == ".json":
        yield from _json_rows(file)
        return
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = csv.DictReader(lines)
        needed = ("id",) if "kind" in (rows.fieldnames or ()) else COLUMNS
        missing = [name for name in needed if name not in (rows.fieldnames or ())]
        if missing:
            raise InputError(str(file), f"a CSV file with the columns {', '.join(needed)}", f"without {missing}")
        for row in rows:
            yield f"{file}, line {rows.line_num}", row


def _json_rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        rows = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise InputError(str(file), "JSON", str(error)) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(str(file), "a JSON list of objects", type(rows).__name__)
    for number, row in enumerate(rows):
        yield f"{file}, row {number}", row


def _read(place: str, row: dict[str, Any]) -> Row:
    given = {name: value for name, value in row.items() if name and value not in (None, "")}
    if "id" not in given:
        raise FillError(f"{place}.id", "the trade's own id, so that it is recorded once", row.get("id"))
    kind = kind_of(given)
    if kind is EntryKind.FILL:
        return _fill(place, given)
    if kind is None or kind not in AMENDMENTS:
        parse_entry(place, {"uid": "-", **given})
    fields: dict[str, Any] = {name: str(given[name]) for name in _TEXTS if name in given}
    fields |= _numbers(place, given)
    if kind not in AMENDMENTS:
        fields["ts"] = LedgerFields(place, given).time()
    account = str(given["account_id"]) if "account_id" in given else None
    return ReportedEntry(kind=EntryKind(given["kind"]), ref=str(given["id"]), account_id=account, fields=fields)


def _fill(place: str, given: dict[str, Any]) -> ReportedFill:
    fill = parse_fill(place, {"uid": "-", **given})
    labels = {name: str(given[name]) for name in (*LABELS, "fee_currency") if name in given}
    named: dict[str, Any] = {**labels, **_numbers(place, given)}
    side = str(given["side"]).lower()
    strategy_id, symbol = fill.key.strategy_id, fill.key.spelled
    known: dict[str, Any] = {"strategy_id": strategy_id, "symbol": symbol, "side": side, "ts": fill.at}
    return ReportedFill(**known, broker_fill_id=str(given["id"]), **named)


def _numbers(place: str, given: dict[str, Any]) -> dict[str, float]:
    numbers = {name: as_number(given[name]) for name in _NUMBERS if name in given}
    for name, number in numbers.items():
        if number is None:
            raise FillError(f"{place}.{name}", "a number", given[name])
    return {name: number for name, number in numbers.items() if number is not None}
