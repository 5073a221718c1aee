"""A broker on paper: fills what Maestro lets through at the next close, with costs, and posts the fills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from examples.replay import Prices, decision_time

FEE_PER_SHARE_USD = 0.005
SLIPPAGE_FRACTION = 0.0002
_CASH_BEFORE_COSTS = 0.99
_NOTHING = 1e-9
TRADING_MODES = frozenset({"ACTIVE", "REDUCED"})
EXITS = frozenset({"EXIT", "FLIP"})
"""Intents that reduce a position; a proposal that Maestro never saw has none, and exits by SELL."""


@dataclass(slots=True)
class PaperBroker:
    """One account that holds what strategies were allowed to buy."""

    uid: str
    cash: float = 100_000.0
    shares: dict[tuple[str, str], float] = field(default_factory=dict)
    """Shares held, by (strategy, symbol); below 0 short."""
    orders: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    """Signals to fill at the next close."""

    def equity(self, prices: Prices, day_index: int) -> float:
        """Return cash and shares at a day's close, USD."""
        held = sum(quantity * prices.close(day_index, symbol) for (_, symbol), quantity in self.shares.items())
        return self.cash + held

    def close_day(
        self, prices: Prices, day_index: int, signals: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, dict[str, Any]]:
        """Fill yesterday's orders at the day's close, take today's signals as orders, and return the fills by id."""
        at = decision_time(prices.days[day_index])
        fills: dict[str, dict[str, Any]] = {}
        for name, signal in self.orders:
            quantity = self._quantity(name, signal, prices, day_index)
            if quantity:
                fill_id, fill = self._fill(name, signal, quantity, prices.close(day_index, signal["ticker"]), at)
                fills[fill_id] = fill
        tradable = ((n, s) for n, s in signals.items() if s["mode"] in TRADING_MODES and s["action"] != "HOLD")
        self.orders = list(tradable)
        return fills

    def _quantity(self, name: str, signal: Mapping[str, Any], prices: Prices, day_index: int) -> float:
        """Return the shares an order trades, below 0 to sell; a position is entered once."""
        sign = 1 if signal["action"] == "BUY" else -1
        is_exit = signal["intent"] in EXITS if "intent" in signal else signal["action"] == "SELL"
        if is_exit:
            return sign * self._left(name, signal, sign)
        is_in_a_position = any(owner == name for owner, _ in self.shares)
        wanted = 0.0 if is_in_a_position else float(signal["allocation"]) * self.equity(prices, day_index)
        free = max(0.0, self._buying_power(prices, day_index))
        return sign * min(free * _CASH_BEFORE_COSTS, wanted) / prices.close(day_index, signal["ticker"])

    def _left(self, name: str, signal: Mapping[str, Any], sign: int) -> float:
        """Return the shares an exit trades: what its strategy has, at most the size that it was issued with."""
        own = max(0.0, -sign * self.shares.get((name, signal["ticker"]), 0.0))
        most = signal.get("max_qty")
        if most is not None:
            return min(own, float(most))
        return own * (float(signal["allocation"]) if sign < 0 else 1.0)

    def _buying_power(self, prices: Prices, day_index: int) -> float:
        """Return cash without what short sales brought in, and as much again to buy them back, USD."""
        shorts = [(symbol, -quantity) for (_, symbol), quantity in self.shares.items() if quantity < 0]
        return self.cash - 2 * sum(quantity * prices.close(day_index, symbol) for symbol, quantity in shorts)

    def _fill(
        self, name: str, signal: Mapping[str, Any], quantity: float, close: float, at: datetime
    ) -> tuple[str, dict[str, Any]]:
        symbol, fees = signal["ticker"], abs(quantity) * FEE_PER_SHARE_USD
        slippage = abs(quantity) * close * SLIPPAGE_FRACTION
        self.cash -= quantity * close + fees + slippage
        left = self.shares.pop((name, symbol), 0.0) + quantity
        if abs(left) > _NOTHING:
            self.shares[name, symbol] = left
        fill = {
            "uid": self.uid,
            "strategy_id": name,
            "symbol": symbol,
            "side": "buy" if quantity > 0 else "sell",
            "qty": abs(quantity),
            "price": close,
            "fees": fees,
            "slippage": slippage,
            "ts": at,
            "created_at": at,
            "nonce": signal["nonce"],
            "broker_fill_id": f"paper-{signal['nonce']}",
        }
        return f"paper-{signal['nonce']}", fill

    def account_snapshot(self, prices: Prices, day_index: int) -> dict[str, Any]:
        """Return the account document as of a day's decision time."""
        positions = [
            {"symbol": symbol, "qty": quantity, "strategy_id": name} for (name, symbol), quantity in self.shares.items()
        ]
        equity = self.equity(prices, day_index)
        return {
            "equity": round(equity, 2),
            "buying_power": round(self._buying_power(prices, day_index), 2),
            "cash": round(self.cash, 2),
            "positions": positions,
            "as_of": decision_time(prices.days[day_index]),
        }
