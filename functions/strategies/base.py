"""The base class of a strategy, and the few helpers that strategies share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Inputs = Mapping[str, Any]
"""Market data, account snapshot or regime, as `BaseStrategy.evaluate` describes them; read-only."""

Signal = dict[str, Any]
"""A strategy's proposal: action, ticker, allocation (0-1), confidence (0-1), reasoning."""


class BaseStrategy(ABC):
    """
    One automated strategy; its class name is its id.

    The loader finds a subclass in a file of this folder without registration. ``evaluate`` may be a plain method or
    ``async``; an async one that runs in your own program's threads must not block its event loop.

    When deployed, it is constructed once, and each evaluation runs in a process of its own that ends with it: what
    ``evaluate`` stores in ``self`` is gone in the next cycle. Its positions and orders are in the account.
    """

    is_sample: ClassVar[bool] = False
    """Whether it acts only for tenants whose policy names it in ``sample_strategies``. It applies only to the class
    itself: a subclass of a sample is your own strategy."""

    symbols: Sequence[str] = ()
    """Symbols it uses: the feed gets their prices from the broker. Empty: the setting ``symbols``, if any."""

    defaults: Mapping[str, Any] = {}
    """Settings of the strategy; ``config`` overrides them by name."""

    def __init__(self, name: str | None = None, config: Mapping[str, Any] | None = None) -> None:
        self.name = name or type(self).__name__
        self.config: dict[str, Any] = {**self.defaults, **(config or {})}

    @abstractmethod
    def evaluate(
        self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None
    ) -> Signal | Awaitable[Signal]:
        """
        Propose one action on one symbol.

        Parameters
        ----------
        market_data : mapping
            ``{"as_of": datetime, "symbols": {"KO": {"price": 50.1, "volume": …, "history": [closes, oldest first]}}}``;
            the flat form ``{"KO": {"price": …}}`` is accepted, too. A history ends with the session before the price's,
            or with the price itself: `close_history` makes them alike.
        account_snapshot : mapping
            ``equity``, ``buying_power``, ``cash`` (USD) and ``positions``: ``[{"symbol", "qty", "strategy_id"?}]``.
            Once the position book is open these are the strategy's own, with ``average_price`` and
            ``unrealized_pnl``, in addition to ``orders_under_way``.
        regime : mapping, optional
            The market regime document, as written.
        """

    def close_history(self, market_data: Mapping[str, Any], symbol: str) -> NDArray[np.float64]:
        """
        Return the closes of a symbol, oldest first, the last being its price now; shape (days,).

        Empty if there is no history, or if a close is not a price; without a price now, the history alone. Whether a
        history already ends with the price depends on the feed: one that ends with the same figure is taken to.
        """
        symbols = market_data.get("symbols", market_data) or {}
        quote = symbols.get(symbol) or {}
        history, price = quote.get("history"), quote.get("price")
        closes = np.array(() if history is None else history, dtype=np.float64, ndmin=1)
        if closes.size and isinstance(price, int | float) and 0 < price < np.inf and closes[-1] != price:
            closes = np.append(closes, price)
        # A zero or negative close is a gap in the feed, not a crash to trade on.
        return closes if (np.isfinite(closes) & (closes > 0)).all() else closes[:0]

    def measure(
        self,
        market_data: Mapping[str, Any],
        symbols: Iterable[str],
        indicator: Callable[[NDArray[np.float64]], float],
        days_needed: int,
    ) -> dict[str, float]:
        """Return an indicator of the closes of every symbol with at least ``days_needed`` of them."""
        histories = {symbol: self.close_history(market_data, symbol) for symbol in symbols}
        return {symbol: indicator(closes) for symbol, closes in histories.items() if closes.size >= days_needed}

    def held_symbol(self, account_snapshot: Mapping[str, Any]) -> str | None:
        """Return the symbol this strategy is long, if any; a position without ``strategy_id`` counts as its own."""
        for position in account_snapshot.get("positions") or ():
            if position.get("strategy_id", self.name) == self.name and float(position.get("qty", 0)) > 0:
                return str(position["symbol"])
        return None

    def hold(self, reasoning: str, ticker: str = "") -> Signal:
        """Propose nothing, with a reason."""
        return {"action": "HOLD", "ticker": ticker, "allocation": 0.0, "confidence": 0.0, "reasoning": reasoning}

    def sell(self, ticker: str, reasoning: str, confidence: float = 1.0) -> Signal:
        """Propose to exit a position entirely; it never opens a short, even if allowed."""
        return {
            "action": "SELL",
            "ticker": ticker,
            "allocation": 1.0,
            "exit_only": True,
            "confidence": confidence,
            "reasoning": reasoning,
        }

    def buy(self, ticker: str, allocation: float, reasoning: str, confidence: float = 1.0) -> Signal:
        """Propose to enter a position with a fraction of buying power."""
        return {
            "action": "BUY",
            "ticker": ticker,
            "allocation": allocation,
            "confidence": min(1.0, max(0.0, confidence)),
            "reasoning": reasoning,
        }
