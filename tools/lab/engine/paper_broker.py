"""A paper broker: fills what Maestro lets through at the next close, with costs, and hands out the fills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_CASH_BEFORE_COSTS = 0.99
_NOTHING = 1e-9
TRADING_MODES = frozenset({"ACTIVE", "REDUCED"})
"""Modes whose entries cost money."""
EXITS = frozenset({"EXIT", "FLIP"})
"""Intents that reduce a position; a proposal that Maestro never saw has none, and exits by SELL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a fill costs besides its price."""

    fee_per_share: float = 0.005
    """USD for each unit."""
    slippage: float = 0.0002
    """Fraction of the price that a fill is worse by."""


@dataclass(frozen=True, slots=True)
class Closes:
    """The prices that a session's cycle sees, and that its fills are done at."""

    at: datetime
    """When the session's cycle runs, UTC."""
    prices: Mapping[str, float]
    """USD by symbol; one that has not begun is not among them, of one that has ended it is the last."""
    ended: frozenset[str] = frozenset()
    """Symbols that no longer trade: their orders are not filled."""


@dataclass(slots=True)
class PaperBroker:
    """One account that holds what strategies were allowed to buy."""

    uid: str
    cash: float = 100_000.0
    shares: dict[tuple[str, str], float] = field(default_factory=dict)
    """Shares held, by (strategy, symbol); below 0 short."""
    orders: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    """Signals to fill at the next close."""
    costs: Costs = field(default_factory=Costs)

    def equity(self, closes: Closes) -> float:
        """Return cash and shares at a session's close, USD."""
        held = sum(quantity * closes.prices[symbol] for (_, symbol), quantity in self.shares.items())
        return self.cash + held

    def close_day(self, closes: Closes, signals: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Fill the last session's orders at the close, take today's signals as orders, and return the fills by id."""
        fills: dict[str, dict[str, Any]] = {}
        for name, signal in self.orders:
            is_traded = signal["ticker"] in closes.prices and signal["ticker"] not in closes.ended
            quantity = self._quantity(name, signal, closes) if is_traded else 0.0
            if quantity:
                fill_id, fill = self._fill(name, signal, quantity, closes)
                fills[fill_id] = fill
        tradable = ((n, s) for n, s in signals.items() if s["mode"] in TRADING_MODES and s["action"] != "HOLD")
        self.orders = list(tradable)
        return fills

    def _quantity(self, name: str, signal: Mapping[str, Any], closes: Closes) -> float:
        """Return the shares an order trades, below 0 to sell; a position is entered once."""
        sign = 1 if signal["action"] == "BUY" else -1
        is_exit = signal["intent"] in EXITS if "intent" in signal else signal["action"] == "SELL"
        if is_exit:
            return sign * self._left(name, signal, sign)
        is_in_a_position = any(owner == name for owner, _ in self.shares)
        wanted = 0.0 if is_in_a_position else float(signal["allocation"]) * self.equity(closes)
        free = max(0.0, self._buying_power(closes))
        return sign * min(free * _CASH_BEFORE_COSTS, wanted) / closes.prices[signal["ticker"]]

    def _left(self, name: str, signal: Mapping[str, Any], sign: int) -> float:
        """Return the shares an exit trades: what its strategy has, at most the size that it was issued with."""
        own = max(0.0, -sign * self.shares.get((name, signal["ticker"]), 0.0))
        most = signal.get("max_qty")
        if most is not None:
            return min(own, float(most))
        return own * (float(signal["allocation"]) if sign < 0 else 1.0)

    def _buying_power(self, closes: Closes) -> float:
        """Return cash without what short sales brought in, and less what buying them back costs, USD."""
        shorts = [(symbol, -quantity) for (_, symbol), quantity in self.shares.items() if quantity < 0]
        return self.cash - 2 * sum(quantity * closes.prices[symbol] for symbol, quantity in shorts)

    def _fill(
        self, name: str, signal: Mapping[str, Any], quantity: float, closes: Closes
    ) -> tuple[str, dict[str, Any]]:
        symbol, fees = signal["ticker"], abs(quantity) * self.costs.fee_per_share
        close = closes.prices[symbol]
        slippage = abs(quantity) * close * self.costs.slippage
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
            "ts": closes.at,
            "created_at": closes.at,
            "nonce": signal["nonce"],
            "broker_fill_id": f"paper-{signal['nonce']}",
        }
        return f"paper-{signal['nonce']}", fill

    def account_snapshot(self, closes: Closes) -> dict[str, Any]:
        """Return the account document as of a session's decision time."""
        positions = [
            {"symbol": symbol, "qty": quantity, "strategy_id": name} for (name, symbol), quantity in self.shares.items()
        ]
        return {
            "equity": round(self.equity(closes), 2),
            "buying_power": round(self._buying_power(closes), 2),
            "cash": round(self.cash, 2),
            "positions": positions,
            "as_of": closes.at,
        }
