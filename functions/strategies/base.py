"""The base class of a strategy, and the few helpers that strategies share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Signal = dict[str, Any]
"""What a strategy proposes: action, ticker, allocation (0-1), confidence (0-1), reasoning."""


class BaseStrategy(ABC):
    """
    One automated strategy; its class name is its id.

    A subclass in a file of this folder is found by the loader without any registration. ``evaluate`` may be a plain
    method or ``async``; an async one must not block its event loop.
    """

    defaults: Mapping[str, Any] = {}
    """Settings of the strategy; ``config`` overrides them by name."""

    def __init__(self, name: str | None = None, config: Mapping[str, Any] | None = None) -> None:
        self.name = name or type(self).__name__
        self.config: dict[str, Any] = {**self.defaults, **(config or {})}

    @abstractmethod
    def evaluate(
        self,
        market_data: Mapping[str, Any],
        account_snapshot: Mapping[str, Any],
        regime: Mapping[str, Any] | None = None,
    ) -> Signal | Awaitable[Signal]:
        """
        Propose one action on one symbol.

        Parameters
        ----------
        market_data : mapping
            ``{"as_of": datetime, "symbols": {"KO": {"price": 50.1, "volume": …, "history": [closes, oldest first]}}}``;
            the flat form ``{"KO": {"price": …}}`` is read too.
        account_snapshot : mapping
            ``equity``, ``buying_power``, ``cash`` (USD) and ``positions``: ``[{"symbol", "qty", "strategy_id"?}]``.
        regime : mapping, optional
            The market regime document, as its writer left it.
        """

    def close_history(self, market_data: Mapping[str, Any], symbol: str) -> NDArray[np.float64]:
        """Return the closes of a symbol, oldest first, shape (days,); empty when there are none."""
        symbols = market_data.get("symbols", market_data)
        return np.asarray(symbols.get(symbol, {}).get("history", ()), dtype=np.float64)

    def held_symbols(self, account_snapshot: Mapping[str, Any]) -> list[str]:
        """Return the symbols this strategy is long; a position without ``strategy_id`` counts as its own."""
        return [
            position["symbol"]
            for position in account_snapshot.get("positions") or ()
            if position.get("strategy_id", self.name) == self.name and float(position.get("qty", 0)) > 0
        ]

    def hold(self, reasoning: str, ticker: str = "") -> Signal:
        """Propose nothing, and say why."""
        return {"action": "HOLD", "ticker": ticker, "allocation": 0.0, "confidence": 0.0, "reasoning": reasoning}

    def follow_target(
        self, account_snapshot: Mapping[str, Any], ticker: str, target: float, confidence: float, reasoning: str
    ) -> Signal:
        """
        Turn a wanted position into a signal: BUY to enter, SELL to leave, HOLD when already there.

        Parameters
        ----------
        target : float
            Wanted fraction of buying power, 0 to 1; 0 means out.
        confidence : float
            0 to 1.
        """
        is_held = ticker in self.held_symbols(account_snapshot)
        if (target > 0) == is_held:
            return self.hold(reasoning, ticker)
        signal: Signal = {"ticker": ticker, "confidence": confidence, "reasoning": reasoning}
        return signal | ({"action": "SELL", "allocation": 1.0} if is_held else {"action": "BUY", "allocation": target})
