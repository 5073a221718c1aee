"""The rows of a raw table as records: one bar of one symbol on one day each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from tools.lab.prices.bars import CLOSE, FIELDS, VOLUME, Figures
from tools.lab.prices.columns import Chosen, Layout
from tools.lab.prices.days import Days
from tools.lab.prices.names import symbol_of
from tools.lab.prices.numbers import numbers
from tools.lab.prices.raw_table import RawTable


@dataclass(frozen=True, slots=True)
class Records:
    """Bars in the order of the file; every sequence has one entry per bar."""

    days: Sequence[date]
    symbols: Sequence[str]
    places: Sequence[str]
    """Where each stands, for messages."""
    values: Figures
    """Shape (records, fields)."""
    has: frozenset[str]
    """The fields that the file has a column of."""


def joined(several: Iterable[Records]) -> Records:
    """Return the records of several tables as one."""
    all_of = list(several)
    return Records(
        [day for each in all_of for day in each.days],
        [symbol for each in all_of for symbol in each.symbols],
        [place for each in all_of for place in each.places],
        np.concatenate([each.values for each in all_of]),
        frozenset.union(*(each.has for each in all_of)),
    )


def records_of(table: RawTable, layout: Layout, days: Days) -> Records:
    """
    Return a table's records.

    Raises
    ------
    PriceFileError
        If a figure is not a number, infinite, or impossible: a price of 0 or less, a volume below 0; if a symbol is
        blank.
    """
    places = [table.place(index) for index in range(len(table.rows))]
    has = frozenset(field for chosen in layout.chosen.values() for field in chosen.fields)
    blocks = [_figures(table, chosen) for chosen in layout.chosen.values()]
    if layout.symbol is not None:
        return Records(days.days, _symbols(table, layout.symbol), places, blocks[0], has)
    return Records(
        [day for day in days.days for _ in layout.chosen],
        [*layout.chosen] * len(table.rows),
        [
            place if layout.shape == "one symbol" else f"{place}, column {symbol}"
            for place in places
            for symbol in layout.chosen
        ],
        np.stack(blocks, axis=1).reshape(-1, len(FIELDS)),
        has,
    )


def _symbols(table: RawTable, column: int) -> list[str]:
    cells = table.column(column)
    for index, cell in enumerate(cells):
        if cell is None or cell != cell or not str(cell).strip():  # noqa: PLR0124 - NaN; the text NA is a ticker
            raise table.refused(index, column, cell, "is not a symbol")
    return [symbol_of(str(cell)) for cell in cells]


def _figures(table: RawTable, chosen: Chosen) -> Figures:
    """Return the bars of one set of columns, shape (rows, fields)."""
    values = np.full((len(table.rows), len(FIELDS)), np.nan)
    for field, column in chosen.fields.items():
        values[:, FIELDS.index(field)] = _checked(table, column, field)
    if chosen.scale_by is not None:
        adjusted = _checked(table, chosen.scale_by, "close")
        factor = adjusted / values[:, CLOSE]
        values[:, :CLOSE] *= factor[:, np.newaxis]
        values[:, CLOSE] = adjusted
    return values


def _checked(table: RawTable, column: int, field: str) -> Figures:
    figures = numbers(table, column)
    is_volume = field == FIELDS[VOLUME]
    with np.errstate(invalid="ignore"):
        wrong = figures < 0 if is_volume else figures <= 0
    for index in np.flatnonzero(wrong)[:1]:
        problem = "is below 0" if is_volume else "is not a price: it must be above 0"
        remedy = "" if is_volume else "leave the cell blank where there is none"
        raise table.refused(int(index), column, table.rows[index][column], problem, remedy)
    return figures
