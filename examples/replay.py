"""Real daily prices, and the paper book of each strategy that trades on them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import exchange_calendars
import numpy as np
from numpy.typing import NDArray

PRICES_FILE = Path(__file__).parent / "data/us_equities_daily_2018_2022.csv"
HISTORY_DAYS = 260
BEFORE_CLOSE = timedelta(minutes=5)
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

    def market_data(self, day_index: int) -> dict[str, Any]:
        """Return the market data document of a day, as of its decision time."""
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


@dataclass(slots=True)
class PaperPosition:
    """What one strategy holds, as proposed and as Maestro let it."""

    symbol: str
    proposed_quantity: float
    """Shares its own proposal would have bought: its track record."""
    allowed_quantity: float
    """Shares that mode and rules left: what the account holds."""
    capital_base: float
    """USD that its proposal would have used."""


@dataclass(slots=True)
class PaperBook:
    """
    One account and every strategy's own record: filled at the next day's close, without costs.

    A strategy's daily return is its proposal's profit or loss over the capital it asked for, whatever its mode let
    through: so a shadowed strategy goes on earning, or losing, its record.
    """

    equity: float = 100_000.0
    positions: dict[str, PaperPosition] = field(default_factory=dict)
    orders: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Yesterday's signals, by strategy."""

    def close_day(
        self, prices: Prices, day_index: int, signals: Mapping[str, Mapping[str, Any]], uid: str
    ) -> dict[str, dict[str, Any]]:
        """
        Mark positions to the close, fill yesterday's orders at it, and take today's signals as orders.

        Returns
        -------
        dict
            The day's performance documents, by id.
        """
        documents: dict[str, dict[str, Any]] = {}
        day, equity_at_start = prices.days[day_index], self.equity
        for name in signals:
            pnl, base = 0.0, equity_at_start
            if position := self.positions.get(name):
                move = prices.close(day_index, position.symbol) - prices.close(day_index - 1, position.symbol)
                self.equity += position.allowed_quantity * move
                pnl, base = position.proposed_quantity * move, position.capital_base
            documents[f"{uid}__{name}__{day.isoformat()}"] = daily_document(name, uid, day, pnl, base)
        for name, signal in self.orders.items():
            self._fill(name, signal, prices, day_index)
        self.orders = dict(signals)
        return documents

    def _fill(self, name: str, signal: Mapping[str, Any], prices: Prices, day_index: int) -> None:
        wanted = signal.get("original_action", signal["action"])
        if wanted == "SELL":
            self.positions.pop(name, None)
        elif wanted == "BUY" and name not in self.positions:
            price = prices.close(day_index, signal["ticker"])
            may_trade = signal["action"] == "BUY" and signal["mode"] in {"ACTIVE", "REDUCED"}
            asked, allowed = (self.equity * signal[field] for field in ("original_allocation", "allocation"))
            shares = allowed / price if may_trade else 0.0
            self.positions[name] = PaperPosition(signal["ticker"], asked / price, shares, asked)

    def account_snapshot(self, as_of: datetime) -> dict[str, Any]:
        """Return the account document; every strategy finds its own position in it."""
        positions = [
            {"symbol": p.symbol, "qty": p.proposed_quantity, "strategy_id": name, "live_qty": p.allowed_quantity}
            for name, p in self.positions.items()
        ]
        return {
            "equity": round(self.equity, 2),
            "buying_power": round(self.equity, 2),
            "cash": round(self.equity, 2),
            "positions": positions,
            "as_of": as_of,
        }


def daily_document(strategy_name: str, uid: str, day: date, pnl_usd: float, base_usd: float) -> dict[str, Any]:
    """Return one day's performance document."""
    start = datetime.combine(day, time(), UTC)
    return {
        "uid": uid,
        "strategy_id": strategy_name,
        "period": "day",
        "period_start": start,
        "period_end": start + timedelta(days=1),
        "pnl": pnl_usd,
        "capital_base": base_usd,
        "return_fraction": pnl_usd / base_usd,
        "source": "paper_replay",
    }
