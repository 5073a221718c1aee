"""Whose file it is, by its columns, and so what its prices are adjusted for."""

from __future__ import annotations

from dataclasses import dataclass

from tools.lab.prices.columns import Layout
from tools.lab.prices.raw_table import RawTable


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What is known of a file's prices."""

    text: str
    """For people."""
    is_known_missing: bool = False
    """Whether the source is known not to adjust for splits that its symbols have."""


UNKNOWN = Adjustment("adjustment unknown")
TOLD = {True: Adjustment("adjusted, as you say"), False: Adjustment("not adjusted, as you say", is_known_missing=True)}
"""What the user says."""

_BY_COLUMNS = (
    ({"dividends", "stock splits"}, Adjustment("adjusted (yfinance's Ticker.history)")),
    ({"window_start", "transactions"}, Adjustment("not adjusted (Polygon)", is_known_missing=True)),
    ({"taker_buy_volume", "quote_volume"}, Adjustment("not adjusted (Binance: there are no splits)")),
    ({"trade_count", "vwap"}, Adjustment("adjustment unknown (Alpaca adjusts only if asked)")),
    ({"n", "vw"}, Adjustment("adjustment unknown (Alpaca adjusts only if asked)")),
    ({"average", "barcount"}, Adjustment("adjusted for splits (Interactive Brokers; dividends: ADJUSTED_LAST only)")),
    ({"wap", "count"}, Adjustment("adjusted for splits (Interactive Brokers; dividends: ADJUSTED_LAST only)")),
    ({"ticker", "per"}, Adjustment("adjusted for splits (Stooq; dividends not documented)")),
)


def adjustment_of(table: RawTable, layout: Layout) -> Adjustment:
    """Return what is known: by the columns that are used, else by whose columns they are."""
    if layout.is_adjusted:
        first = next(iter(layout.chosen.values()))
        name = table.header[first.fields["close"] if first.scale_by is None else first.scale_by]
        return Adjustment(f"adjusted by {name}")
    if table.second_header is not None:
        return Adjustment("adjusted (yfinance's default)")
    names = {name.strip("<>").lower() for name in table.header}
    return next((adjustment for columns, adjustment in _BY_COLUMNS if columns <= names), UNKNOWN)
