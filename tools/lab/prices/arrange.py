"""Records as arrays: sorted, each day and symbol once, blanks inside a symbol's life refused or filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tools.lab.prices.bars import CLOSE, FIELDS, VOLUME, Figures
from tools.lab.prices.errors import PriceFileError
from tools.lab.prices.records import Records


@dataclass(frozen=True, slots=True)
class Arranged:
    """Every bar of a file, by field, day and symbol."""

    days: tuple[date, ...]
    symbols: tuple[str, ...]
    values: Figures
    """Shape (fields, days, symbols)."""
    warnings: tuple[str, ...]


def arranged(file: str, records: Records, *, fill: int = 0) -> Arranged:
    """
    Arrange records.

    Parameters
    ----------
    fill : int
        Over how many sessions running, at most, a symbol's last close is carried.

    Raises
    ------
    PriceFileError
        If a day of a symbol occurs twice with different figures; if a symbol has a blank between its first and last
        close that is not filled.
    """
    ordinals = np.array([day.toordinal() for day in records.days], dtype=np.int64)
    names = dict.fromkeys(records.symbols)
    position = {name: index for index, name in enumerate(names)}
    columns = np.array([position[name] for name in records.symbols], dtype=np.int64)
    unique, rows = np.unique(ordinals, return_inverse=True)
    cells = rows * len(names) + columns
    warnings = [*_unsorted(ordinals, columns), *_twice(records, cells)]

    where = np.full((unique.size, len(names)), -1, dtype=np.int64)
    where[rows, columns] = np.arange(cells.size)  # of one that occurs twice the last, which is the same
    values = np.where(where[..., np.newaxis] >= 0, records.values[where], np.nan)
    known = ~np.isnan(values[..., CLOSE])
    lives: NDArray[np.bool_] = np.asarray(known.any(axis=1))
    ever: NDArray[np.bool_] = np.asarray(known.any(axis=0))
    days = tuple(date.fromordinal(int(day)) for day, lived in zip(unique, lives, strict=True) if lived)
    values, where, known = values[lives], where[lives], known[lives]
    symbols = tuple(names)
    if empty := [name for name, lived in zip(symbols, ever, strict=True) if not lived]:
        raise PriceFileError(file, f"{empty[0]} has no price at all", "leave the symbol out")
    values, told = _filled(file, records, days, symbols, values, where, fill)
    return Arranged(days, symbols, np.moveaxis(values, -1, 0), (*warnings, *told))


def _unsorted(ordinals: NDArray[np.int64], columns: NDArray[np.int64]) -> list[str]:
    order = np.argsort(columns, kind="stable")
    same = columns[order][1:] == columns[order][:-1]
    steps = np.diff(ordinals[order])
    if not (is_back := same & (steps < 0)).any():
        return []
    if not (same & (steps > 0)).any():
        return ["newest first: sorted"]
    return [f"unsorted: {_count(int(is_back.sum()), 'day')} below a later one, sorted"]


def _twice(records: Records, cells: NDArray[np.int64]) -> list[str]:
    order = np.argsort(cells, kind="stable")
    again = np.flatnonzero(np.diff(cells[order]) == 0)
    for index in again:
        one, other = int(order[index]), int(order[index + 1])
        if not np.array_equal(records.values[one], records.values[other], equal_nan=True):
            what = f"{records.symbols[one]} on {records.days[one]} occurs twice with different figures"
            remedy = "delete one; bars within a day cannot be read"
            raise PriceFileError(f"{records.places[one]} and {records.places[other]}", what, remedy)
    return [f"{_count(again.size, 'row')} the same day again, with the same figures"] if again.size else []


def _filled(
    file: str,
    records: Records,
    days: Sequence[date],
    symbols: Sequence[str],
    values: Figures,
    where: NDArray[np.int64],
    fill: int,
) -> tuple[Figures, list[str]]:
    """Return values, shape (days, symbols, fields), with blanks inside each symbol's life filled."""
    carried = 0
    filled = values.copy()
    needed = [FIELDS.index(field) for field in FIELDS if field in records.has and FIELDS.index(field) != VOLUME]
    for column, symbol in enumerate(symbols):
        known = np.flatnonzero(~np.isnan(values[:, column, CLOSE]))
        blank: NDArray[np.bool_] = np.asarray(np.isnan(values[:, column, needed]).any(axis=1))
        blank[: known[0]] = blank[known[-1] + 1 :] = False
        run, last = 0, -1
        for row in np.flatnonzero(blank).tolist():
            run, last = run + 1 if row == last + 1 else 1, row
            if run > fill or row == known[0]:
                raise _blank(file, records, days[row], symbol, int(where[row, column]), fill)
            bar = filled[row, column]
            bar[needed] = np.where(np.isnan(bar[needed]), filled[row - 1, column, CLOSE], bar[needed])
            carried += 1
    return filled, [f"{_count(carried, 'blank')} filled with the last close"] if carried else []


def _blank(file: str, records: Records, day: date, symbol: str, record: int, fill: int) -> PriceFileError:
    place = records.places[record] if record >= 0 else file
    what = f"{symbol} has no price on {day}, between its first and its last"
    if record >= 0 and not np.isnan(records.values[record, CLOSE]):
        what = f"{symbol} has a close and no open, high or low on {day}"
    longer = f"more than {fill} sessions running; " if fill else ""
    return PriceFileError(place, what, f"{longer}--fill N carries the last close over N sessions at most")


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
