"""Numbers as files write them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tools.lab.prices.bars import Figures
from tools.lab.prices.raw_table import RawTable

BLANKS = frozenset(["", "-", "na", "n/a", "#n/a", "<na>", "nan", "null", "none"])
"""Words for a missing figure, in lower case."""


def is_blank(cell: object) -> bool:
    """Return whether a cell says nothing: empty, or one of the usual words for it."""
    return cell is None or (isinstance(cell, float) and math.isnan(cell)) or str(cell).strip().lower() in BLANKS


def numbers(table: RawTable, column: int) -> Figures:
    """
    Return a column's figures, shape (rows,); NaN where a cell is blank.

    Raises
    ------
    PriceFileError
        If a cell is not a number, or infinite.
    """
    cells = table.column(column)
    if table.has_decimal_comma:
        cells = [cell.replace(".", "").replace(",", ".") for cell in cells]
    try:
        figures = np.array(cells, dtype=np.float64)
    except (TypeError, ValueError):  # some cell is blank, or not a number: find out which
        figures = _one_by_one(table, column, cells)
    for index in np.flatnonzero(np.isinf(figures))[:1]:
        raise table.refused(int(index), column, table.rows[index][column], "is infinite")
    return figures


def _one_by_one(table: RawTable, column: int, cells: Sequence[Any]) -> Figures:
    figures = np.full(len(cells), np.nan)
    for index, cell in enumerate(cells):
        if is_blank(cell):
            continue
        try:
            figures[index] = float(cell)
        except (TypeError, ValueError) as error:
            remedy = "write thousands without a comma" if "," in str(cell) else ""
            raise table.refused(index, column, table.rows[index][column], "is not a number", remedy) from error
    return figures
