"""Which columns of a raw table are used, and for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.lab.prices.bars import FIELDS
from tools.lab.prices.errors import PriceFileError
from tools.lab.prices.names import roles_of, symbol_of, symbol_of_file
from tools.lab.prices.raw_table import RawTable


@dataclass(frozen=True, slots=True)
class Chosen:
    """The columns of bars, by their numbers."""

    fields: Mapping[str, int]
    """Of each field; always one of closes."""
    scale_by: int | None = None
    """Of adjusted closes, which scale open, high, low and close."""

    def all(self) -> list[int]:
        return [*self.fields.values(), *(() if self.scale_by is None else (self.scale_by,))]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is to be read."""

    shape: str
    """``wide``: columns of several symbols; ``long``: a row a symbol and day; else ``one symbol``."""
    date: int
    """The number of its column."""
    chosen: Mapping[str, Chosen]
    """By symbol; of a long table the only one, whatever the symbol."""
    symbol: int | None = None
    """Of a long table: the column of symbols."""
    is_adjusted: bool = False
    """Whether adjusted columns are used, alone or to scale the others."""

    def columns(self, header: Sequence[str]) -> str:
        """Return the names of the columns of figures, for people."""
        first = next(iter(self.chosen.values()))
        if len(self.chosen) > 1 and first.all() == [first.fields["close"]]:
            return "closes"
        return " ".join(header[number] for number in first.all())


def layout_of(table: RawTable, symbol: str | None = None) -> Layout:
    """
    Choose the columns by name; of two of the same kind the first counts.

    With a column of closes a table is long, or of one symbol; without one it is wide, and every other column is a
    symbol. Adjusted columns count before plain ones.

    Parameters
    ----------
    symbol : str or None
        Of a table that names none; None takes it from the file's name.

    Raises
    ------
    PriceFileError
        If there is no column of dates, or a name that is not a symbol among columns that are.
    """
    roles: dict[str, int] = {}
    for number, role in enumerate(roles_of(table.header)):
        if role is not None:
            roles.setdefault(role, number)
    date = _date_column(table, roles)
    if table.second_header is not None:
        return _two_headers(table, date)
    if not _has_closes(roles):
        return _wide(table, date)
    if "period" in roles:
        _check_period(table, roles["period"])
    chosen, is_adjusted = _chosen(roles)
    if "symbol" in roles:
        return Layout("long", date, {"": chosen}, roles["symbol"], is_adjusted)
    named = symbol_of(symbol) if symbol else symbol_of_file(table.file)
    return Layout("one symbol", date, {named: chosen}, is_adjusted=is_adjusted)


def _has_closes(roles: Mapping[str, int]) -> bool:
    return "close" in roles or "adjusted close" in roles


def _chosen(roles: Mapping[str, int]) -> tuple[Chosen, bool]:
    """Return the columns of bars, and whether they are adjusted; adjusted ones wherever there is a whole set."""
    plain = {field: roles[field] for field in FIELDS if field in roles}
    adjusted = {field: roles[f"adjusted {field}"] for field in FIELDS if f"adjusted {field}" in roles}
    if "close" not in plain or ("close" in adjusted and set(plain) <= set(adjusted)):
        return Chosen(adjusted), True
    return Chosen(plain, adjusted.get("close")), "close" in adjusted


def _date_column(table: RawTable, roles: Mapping[str, int]) -> int:
    if "date" in roles:
        return roles["date"]
    if table.header and table.header[0] in ("", "Unnamed: 0", "index"):  # pandas wrote its index
        return 0
    names = ", ".join(name or "(blank)" for name in table.header[:12])
    has_data = any(name[:1].isdigit() for name in table.header)
    remedy = "line 1 looks like data: add a header" if has_data else "name it date"
    raise PriceFileError(table.head, f"there is no column of dates among {names}", remedy)


def _wide(table: RawTable, date: int) -> Layout:
    chosen: dict[str, Chosen] = {}
    for number, (name, role) in enumerate(zip(table.header, roles_of(table.header), strict=True)):
        if number == date:
            continue
        if not name.strip() or role is not None:
            problem = f"there is no column of closes, and {name!r} is not a symbol"
            raise PriceFileError(table.head, problem, "name the column of closes close")
        if (symbol := symbol_of(name)) in chosen:
            raise PriceFileError(table.head, f"two columns are {symbol}", "leave one out")
        chosen[symbol] = Chosen({"close": number})
    if not chosen:
        raise PriceFileError(table.head, "there is no column of prices", "add one, named close")
    return Layout("wide", date, chosen)


def _two_headers(table: RawTable, date: int) -> Layout:
    """Return the layout of yfinance's columns: a figure in the first header, a symbol in the second."""
    by_symbol: dict[str, dict[str, int]] = {}
    named = zip(roles_of(table.header), table.second_header or (), strict=True)
    for number, (role, symbol) in enumerate(named):
        if number != date and role is not None:
            by_symbol.setdefault(symbol_of(symbol), {}).setdefault(role, number)
    if without := [symbol for symbol, roles in by_symbol.items() if not _has_closes(roles)]:
        raise PriceFileError(table.file, f"{without[0]} has no column of closes")
    if not by_symbol:
        raise PriceFileError(table.file, "there is no column of prices below the two header rows")
    found = {symbol: _chosen(roles) for symbol, roles in by_symbol.items()}
    is_adjusted = any(adjusted for _, adjusted in found.values())
    return Layout("wide", date, {symbol: chosen for symbol, (chosen, _) in found.items()}, is_adjusted=is_adjusted)


def _check_period(table: RawTable, column: int) -> None:
    for index, cell in enumerate(table.column(column)):
        if str(cell).upper() != "D":
            raise table.refused(index, column, cell, "is not a day (D)", "download daily bars")
