"""From a file of prices, in whichever form, to daily bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from functions.domain.kernel.errors import InputError
from tools.lab.prices.arrange import arranged
from tools.lab.prices.bars import DailyBars
from tools.lab.prices.checks import check_calendar, check_length, check_lives, check_splits
from tools.lab.prices.columns import layout_of
from tools.lab.prices.content import raw_tables
from tools.lab.prices.days import days_of
from tools.lab.prices.errors import PriceFileError
from tools.lab.prices.market import market_days
from tools.lab.prices.raw_table import RawTable
from tools.lab.prices.records import Records, joined, records_of
from tools.lab.prices.sources import TOLD, Adjustment, adjustment_of


@dataclass(frozen=True, slots=True)
class Prices:
    """Daily bars, and what people should know of them."""

    bars: DailyBars
    detected: str
    """One line that says how the file was read."""
    warnings: tuple[str, ...]
    """What may be wrong with it, a sentence each."""


@dataclass(frozen=True, slots=True)
class _Read:
    """One file of a source."""

    records: Records
    said: tuple[str, str, str]
    """Its form, its columns, and how its days were read."""
    adjustment: Adjustment
    is_named_by_file: bool
    warnings: tuple[str, ...]


def read_prices(
    path: Path,
    *,
    market: str,
    symbol: str | None = None,
    is_adjusted: bool | None = None,
    fill: int = 0,
    needs: int = 0,
) -> Prices:
    """
    Read daily prices from a file or a folder of files.

    Parameters
    ----------
    market : str
        Whose sessions the days are, as a policy names it: XNYS, 24x7.
    symbol : str or None
        Of a file that names none; None takes it from the file's name.
    is_adjusted : bool or None
        What the user knows of splits; None goes by what is known of the source.
    fill : int
        Over how many sessions running, at most, a blank is filled with the last close.
    needs : int
        The longest history that strategies look back on, in sessions.

    Raises
    ------
    PriceFileError
        If it cannot be used; see the package's docstring.
    InputError
        If the market or its holidays of those years are unknown, or an argument is out of range.
    """
    if fill < 0:
        raise InputError("fill", "0 or more sessions", fill)
    read = [_read(table, market, symbol) for table in raw_tables(path)]
    records = joined(each.records for each in read)
    table = arranged(path.name, records, fill=fill)
    calendar = market_days(market, table.days[0], table.days[-1])
    told = check_calendar(path.name, table.days, calendar)
    bars = DailyBars.of(table.days, table.symbols, table.values)
    check_length(path.name, bars, needs)
    adjustments = [each.adjustment for each in read] if is_adjusted is None else [TOLD[is_adjusted]]
    is_known_unadjusted = any(each.is_known_missing for each in adjustments)
    splits = check_splits(path.name, bars, is_known_unadjusted=is_known_unadjusted)
    own = [warning for each in read for warning in each.warnings]
    detected = _detected(path.name, read, bars, adjustments, len(records.days))
    return Prices(bars, detected, (*own, *table.warnings, *told, *splits, *check_lives(bars)))


def _read(table: RawTable, market: str, symbol: str | None) -> _Read:
    layout = layout_of(table, symbol)
    if not table.rows:
        raise PriceFileError(table.file, "there is no row of data below the header")
    days = days_of(table, layout.date, market)
    said = (f"{table.form}, {layout.shape}", layout.columns(table.header), days.reading)
    is_named_by_file = symbol is None and layout.shape == "one symbol"
    records = records_of(table, layout, days)
    return _Read(records, said, adjustment_of(table, layout), is_named_by_file, table.warnings)


def _detected(
    file: str, read: Sequence[_Read], bars: DailyBars, adjustments: Sequence[Adjustment], records: int
) -> str:
    forms, columns, readings = (_once([each.said[number] for each in read]) for number in range(3))
    files = f"{len(read)} files, " if len(read) > 1 else ""
    many = len(bars.symbols)
    symbols = f"{many} symbols" if many > 1 else f"symbol {bars.symbols[0]}"
    if any(each.is_named_by_file for each in read):
        symbols += " by file name"
    span = f"{bars.days[0]} … {bars.days[-1]}"
    adjusted = _once([each.text for each in adjustments])
    rows = f"{len(bars.days):,} sessions, {records:,} bars"
    return f"{file}: {files}{forms}, {columns}, {symbols}, {span}, {readings}, {adjusted}; {rows}"


def _once(words: Sequence[str]) -> str:
    return " or ".join(dict.fromkeys(words))
