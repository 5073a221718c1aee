"""The names that columns and files go by."""

from __future__ import annotations

import re
from collections.abc import Sequence

from functions.domain.kernel.symbols import canonical_symbol
from tools.lab.prices.bars import FIELDS

KNOWN_AS = {
    "date": ("date", "datum", "datetime", "timestamp", "day", "time", "t", "open_time", "window_start"),
    "symbol": ("symbol", "ticker", "instrument"),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "volume": ("volume", "vol", "v"),
    "adjusted open": ("adjopen", "adj open", "adj_open"),
    "adjusted high": ("adjhigh", "adj high", "adj_high"),
    "adjusted low": ("adjlow", "adj low", "adj_low"),
    "adjusted close": ("adjclose", "adj close", "adj_close", "adjusted_close", "adjusted close"),
    "adjusted volume": ("adjvolume", "adj volume", "adj_volume"),
    "period": ("per",),
}
"""What the columns that are read are called, in lower case."""
OTHERS = frozenset(
    [
        "adj_volume",
        "average",
        "barcount",
        "capital gains",
        "capital_gains",
        "close_time",
        "count",
        "divcash",
        "dividends",
        "ignore",
        "n",
        "openint",
        "openinterest",
        "quote_volume",
        "splitfactor",
        "stock splits",
        "taker_buy_quote_volume",
        "taker_buy_volume",
        "trade_count",
        "transactions",
        "vw",
        "vwap",
        "wap",
    ]
)
"""What some sources add, and is not needed here."""
_BAR_IN_LETTERS = frozenset("tohlc")
_ROLES = {name: role for role, names in KNOWN_AS.items() for name in names}

_INTERVAL_AND_MORE = re.compile(r"-1d\b.*$", re.IGNORECASE)
_STOOQ = re.compile(r"([a-z0-9.-]+)_[a-z]{2}_d")
_WORDS = re.compile(r"(?:[a-z][a-z0-9]*[_-])+(?=[A-Z0-9])")
_US = re.compile(r"\.US$")


def roles_of(header: Sequence[str]) -> list[str | None]:
    """
    Return what each column is, by its name; None for one that has no known name.

    Letters count only where a whole bar is spelled in them, as T, O, C, V … are symbols elsewhere; so are LOW and OPEN
    where no other field has its name.

    >>> roles_of(["<DATE>", "Adj Close", "VWAP", "AAPL"])
    ['date', 'adjusted close', 'other', None]
    >>> roles_of(["t", "o", "h", "l", "c"]), roles_of(["date", "C", "T", "LOW"])
    (['date', 'open', 'high', 'low', 'close'], ['date', None, None, None])
    """
    names = [name.strip().strip("<>").lower() for name in header]
    is_spelled = set(names) >= _BAR_IN_LETTERS
    roles = [_role(name) if len(name) > 1 or is_spelled else None for name in names]
    fields = [role for role in roles if role in FIELDS]
    return [
        None if role in FIELDS and len(fields) == 1 and role != "close" and name.isupper() else role
        for role, name in zip(roles, header, strict=True)
    ]


def _role(name: str) -> str | None:
    return _ROLES.get(name) or ("other" if name in OTHERS else None)


def symbol_of(name: str) -> str:
    """
    Return a symbol as books spell it, without Stooq's ``.US``.

    >>> symbol_of("aapl.us"), symbol_of("BTC/USD")
    ('AAPL', 'BTCUSD')
    """
    return _US.sub("", canonical_symbol(name))


def symbol_of_file(file: str) -> str:
    """
    Return the symbol that a file is named after.

    >>> symbol_of_file("BTC_USDT-1d.json"), symbol_of_file("BTCUSDT-1d-2024-01.csv"), symbol_of_file("aapl_us_d.csv")
    ('BTCUSDT', 'BTCUSDT', 'AAPL')
    >>> symbol_of_file("tiingo_AAPL.csv"), symbol_of_file("aapl.us.txt")
    ('AAPL', 'AAPL')
    """
    stem = file
    for ending in (".gz", ".zip", ".csv", ".txt", ".json", ".feather", ".parquet"):
        stem = stem.removesuffix(ending)
    stem = _INTERVAL_AND_MORE.sub("", stem)
    stooq = _STOOQ.fullmatch(stem)
    return symbol_of(stooq[1] if stooq else _WORDS.sub("", stem))
