"""Which session a row is of, from whatever its date looks like."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from functions.domain.kernel.markets import ALWAYS_OPEN
from tools.lab.prices.errors import PriceFileError
from tools.lab.prices.market import market_days
from tools.lab.prices.raw_table import RawTable

_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_UNITS = {9: 1, 10: 1, 12: 10**3, 13: 10**3, 15: 10**6, 16: 10**6, 18: 10**9, 19: 10**9}
"""Fractions of a second that an epoch counts, by its number of digits."""
_UNIT_NAMES = {1: "seconds", 10**3: "milliseconds", 10**6: "microseconds", 10**9: "nanoseconds"}
_WHOLE = re.compile(r"\d+")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_MONTH_OR_DAY_FIRST = "days like 31/01/2024"
_FORMS: tuple[tuple[re.Pattern[str], str, Callable[[str], date | datetime]], ...] = (
    (re.compile(r"\d{4}-\d\d-\d\d"), "days like 2024-01-02", date.fromisoformat),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2}"), "days like 2024/01/02", lambda text: _date(*text.split("/"))),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*"), "times like 2024-01-02 00:00:00", datetime.fromisoformat),
    (re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}"), "days like 02.01.2024", lambda text: _date(*text.split(".")[::-1])),
    (
        _SLASHED,
        _MONTH_OR_DAY_FIRST,
        lambda text: _date(text[-4:], "1", "1"),
    ),  # which of the two it is, all rows decide together
)
"""What text may look like, and how it is read."""
_CRYPTO_DAYS = ("America/New_York", "America/Chicago")
"""Where a day begins for some sources of coins that never stop trading, such as Alpaca."""


@dataclass(frozen=True, slots=True)
class Days:
    """The day of every row, and how it was read."""

    days: Sequence[date]
    reading: str
    """``days as written``, ``days as day/month/year``, ``epoch milliseconds`` …"""


def days_of(table: RawTable, column: int, market: str) -> Days:
    """
    Read a column of dates, all of which must be of one form.

    A day is a day. A time at its own midnight is the day as written, whatever its offset; any other is turned into
    the market's zone first, and must there be midnight or the session's close.

    Raises
    ------
    PriceFileError
        If a cell is not a date, has another form than the first, is ambiguous, or is a time within a day.
    InputError
        If the market is unknown.
    """
    cells = table.column(column)
    texts = [_text(cell) for cell in cells]
    form, read = _form_of(table, column, texts[0])
    found: list[date | datetime] = []
    for index, text in enumerate(texts):
        try:
            if form != _form_of(table, column, text)[0]:
                raise ValueError(text)
            found.append(read(text))
        except (ValueError, OverflowError, PriceFileError) as error:
            problem = f"is not one of {form}, as the first row has" if index else "is not a date"
            raise table.refused(index, column, cells[index], problem) from error
        if not _FIRST_YEAR <= found[-1].year <= _LAST_YEAR:
            problem = f"is in the year {found[-1].year}, not between {_FIRST_YEAR} and {_LAST_YEAR}"
            raise table.refused(index, column, cells[index], problem)
    if form == _MONTH_OR_DAY_FIRST:
        return _slashed(table, column, texts)
    times = [one for one in found if isinstance(one, datetime)]
    if not times:
        return Days(found, "days as written")
    if all(one.time() == time() for one in times):
        return Days(
            [one.date() for one in times],
            f"{form}, midnights of UTC" if form.startswith("epoch") else "days as written",
        )
    return _in_zone(table, column, times, form, market)


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _form_of(table: RawTable, column: int, text: str) -> tuple[str, Callable[[str], date | datetime]]:
    """Return the name of the form that a date has, and its reader."""
    if _WHOLE.fullmatch(text):
        if len(text) == 8 and _FIRST_YEAR <= int(text[:4]) <= _LAST_YEAR:
            return "days like 20240102", lambda each: datetime.strptime(each, "%Y%m%d").date()  # noqa: DTZ007
        if unit := _UNITS.get(len(text)):
            start = datetime(1970, 1, 1, tzinfo=UTC)
            return f"epoch {_UNIT_NAMES[unit]}", lambda each: start + timedelta(seconds=int(each) // unit)
    for pattern, name, read in _FORMS:
        if pattern.fullmatch(text):
            return name, read
    remedy = "days are best written 2024-01-02"
    raise table.refused(0, column, text, "is not a date", remedy)


def _date(year: str, month: str, day: str) -> date:
    return date(int(year), int(month), int(day))


def _slashed(table: RawTable, column: int, texts: Sequence[str]) -> Days:
    """Return days like 02/01/2024, where some day above 12 decides which of the two is the month."""
    parts = [match.groups() for match in map(_SLASHED.fullmatch, texts) if match]
    day_first = any(int(one) > 12 for one, _, _ in parts)
    month_first = any(int(other) > 12 for _, other, _ in parts)
    if day_first == month_first:
        one, other, year = parts[0]
        readings = f"{year}-{int(other):02}-{int(one):02} or {year}-{int(one):02}-{int(other):02}"
        problem = (
            f"is {readings}: no row decides"
            if not day_first
            else "mixes days and months in both orders: rows contradict each other"
        )
        raise table.refused(0, column, texts[0], problem, "write days as 2024-01-02")
    days = []
    for index, (one, other, year) in enumerate(parts):
        day, month = (one, other) if day_first else (other, one)
        try:
            days.append(_date(year, month, day))
        except ValueError as error:
            raise table.refused(index, column, texts[index], "is not a date") from error
    return Days(days, f"days as {'day/month/year' if day_first else 'month/day/year'}")


def _in_zone(table: RawTable, column: int, times: Sequence[datetime], form: str, market: str) -> Days:
    """Return the days of times that are midnight, or the session's close, by the market's clock."""
    aware = [one if one.tzinfo else one.replace(tzinfo=UTC) for one in times]
    dates = [one.astimezone(UTC).date() for one in aware]
    margin = timedelta(days=1)
    known = market_days(market, min(dates) - margin, max(dates) + margin)
    more = (ZoneInfo(name) for name in _CRYPTO_DAYS) if market == ALWAYS_OPEN else ()
    for zone in (known.zone, *more):
        local = [one.astimezone(zone) for one in aware]
        if all(one.time() == time() for one in local):
            return Days([one.date() for one in local], _named(form, f"midnights of {zone}"))
    local = [one.astimezone(known.zone) for one in aware]
    for index, (one, at) in enumerate(zip(local, aware, strict=True)):
        if one.time() != time() and known.closes.get(one.date()) != at:
            problem = f"is {one:%Y-%m-%d %H:%M} on {market}, neither midnight nor its close"
            remedy = "bars within a day cannot be read, make daily ones; or name the market they are of"
            raise table.refused(index, column, table.rows[index][column], problem, remedy)
    return Days([one.date() for one in local], _named(form, f"times of {known.zone}"))


def _named(form: str, reading: str) -> str:
    return f"{form}, {reading}" if form.startswith("epoch") else reading
