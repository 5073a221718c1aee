"""Real daily prices, and the paper book of each strategy that trades on them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import exchange_calendars
import numpy as np
from numpy.typing import NDArray

from functions.domain.kernel.slots import SLOT_PERIOD
from tools.lab.engine.paper_broker import Closes
from tools.lab.prices.bars import DailyBars

PRICES_FILE = Path(__file__).parent / "data/us_equities_daily_2018_2022.csv"
HISTORY_DAYS = 260
BEFORE_CLOSE = SLOT_PERIOD
"""When a day's cycle runs, before the close: its price is then known to within five minutes of trading."""
INDEX_SYMBOL = "SP500"


@dataclass(frozen=True, slots=True)
class Prices:
    """Daily closes, USD."""

    days: tuple[date, ...]
    symbols: tuple[str, ...]
    closes: NDArray[np.float64]
    """Shape (days, symbols)."""

    @classmethod
    def load(cls, path: Path = PRICES_FILE) -> Prices:
        with path.open() as file:
            header, *rows = csv.reader(file)
        days = tuple(date.fromisoformat(row[0]) for row in rows)
        return cls(days, tuple(header[1:]), np.array([row[1:] for row in rows], dtype=np.float64))

    def between(self, start: date, end: date) -> list[int]:
        """Return the indexes of trading days from start to end, both included, that have a year of history."""
        return [i for i, day in enumerate(self.days) if start <= day <= end and i >= HISTORY_DAYS - 1]

    def close(self, day_index: int, symbol: str) -> float:
        return float(self.closes[day_index, self.symbols.index(symbol)])

    def closes_of(self, day_index: int) -> Closes:
        """Return a day's closes, at which a paper broker fills."""
        return Closes(
            decision_time(self.days[day_index]), dict(zip(self.symbols, self.closes[day_index].tolist(), strict=True))
        )

    def bars(self) -> DailyBars:
        """Return the same closes as the lab reads them, without the index, which no strategy sees."""
        shown = [number for number, symbol in enumerate(self.symbols) if symbol != INDEX_SYMBOL]
        closes = self.closes[:, shown]
        unknown = np.full_like(closes, np.nan)
        symbols = tuple(self.symbols[number] for number in shown)
        return DailyBars.of(self.days, symbols, np.array([unknown, unknown, unknown, closes, unknown]))

    def market_data(self, day_index: int) -> dict[str, Any]:
        """Return the market data document of a day, as of its decision time; histories end with the price itself."""
        history = self.closes[day_index - HISTORY_DAYS + 1 : day_index + 1]
        return {
            "as_of": decision_time(self.days[day_index]),
            "symbols": {
                symbol: {"price": float(history[-1, i]), "history": history[:, i].tolist()}
                for i, symbol in enumerate(self.symbols)
                if symbol != INDEX_SYMBOL
            },
        }


def decision_time(day: date) -> datetime:
    """Return when a trading day's cycle runs, UTC; early closes are earlier."""
    close: datetime = _new_york().session_close(day.isoformat()).to_pydatetime()
    return close - BEFORE_CLOSE


@cache
def _new_york() -> Any:
    return exchange_calendars.get_calendar("XNYS", start="2018-01-01", end="2023-01-31")
