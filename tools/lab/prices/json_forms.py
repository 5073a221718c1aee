"""The JSON forms of bars as raw tables: Alpaca's, rows of figures (freqtrade, ccxt), and lists of records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tools.lab.prices.delimited import decoded
from tools.lab.prices.errors import PriceFileError
from tools.lab.prices.raw_table import RawTable

_ROW_HEADER = ("date", "open", "high", "low", "close", "volume")
_FORMS = 'Alpaca\'s {"bars": …}, rows of [time, open, high, low, close, volume], or a list of objects'


def read_json(file: str, content: bytes) -> RawTable:
    """Read JSON; rows are counted from 1, over all symbols."""
    try:
        document = json.loads(decoded(file, content))
    except json.JSONDecodeError as error:
        raise PriceFileError(f"{file}, line {error.lineno}", f"is not JSON: {error.msg}", "was it cut off?") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; brackets in brackets
        raise PriceFileError(file, "is JSON in no known format of prices", str(error)) from error
    if isinstance(document, dict) and "bars" in document:
        return _of_alpaca(file, document)
    if not isinstance(document, list):
        raise PriceFileError(file, "is JSON of no known form", f"known are {_FORMS}")
    if document and all(isinstance(row, list) for row in document):
        return _of_rows(file, document)
    return _of_records(file, document)


def _of_alpaca(file: str, document: Mapping[str, Any]) -> RawTable:
    bars = document["bars"]
    if isinstance(bars, list):  # of one symbol
        bars = {document.get("symbol") or "": bars}
    if not isinstance(bars, dict) or not all(isinstance(each, list) for each in bars.values()):
        raise PriceFileError(file, "is JSON of no known form", f"known are {_FORMS}")
    if any(not isinstance(bar, dict) for each in bars.values() for bar in each):
        raise PriceFileError(file, "has a bar that is not an object")
    named = [{"symbol": symbol, **bar} if symbol else bar for symbol, each in bars.items() for bar in each]
    is_page = bool(document.get("next_page_token"))
    told = (f"{file} is one page of several: it has a next_page_token",) if is_page else ()
    return _of_records(file, named, warnings=told)


def _of_rows(file: str, rows: Sequence[Sequence[Any]]) -> RawTable:
    for number, row in enumerate(rows, 1):
        if len(row) != len(_ROW_HEADER):
            problem = f"the row has {len(row)} figures, not {len(_ROW_HEADER)}"
            raise PriceFileError(f"{file}, row {number}", problem, f"known are {_FORMS}")
    return _table(file, _ROW_HEADER, rows)


def _of_records(file: str, records: Sequence[Any], warnings: tuple[str, ...] = ()) -> RawTable:
    if any(not isinstance(record, dict) for record in records):
        raise PriceFileError(file, "is JSON of no known form", f"known are {_FORMS}")
    header = tuple(dict.fromkeys(name for record in records for name in record))
    return _table(file, header, [[record.get(name) for name in header] for record in records], warnings)


def _table(file: str, header: Iterable[str], rows: Sequence[Sequence[Any]], warnings: tuple[str, ...] = ()) -> RawTable:
    numbers = range(1, len(rows) + 1)
    return RawTable(file, "JSON", tuple(header), rows, numbers, row_word="row", warnings=warnings)
