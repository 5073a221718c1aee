"""The same strategies without Maestro: each does what it proposes, together on one account of the same size."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from examples.replay import Prices
from functions.sandbox.find_strategies import sample_names
from functions.strategies.loader import StrategyLoader
from functions.strategies.maestro_controller import MaestroController
from tools.lab.engine.paper_broker import PaperBroker

Signals = Mapping[str, Mapping[str, Any]]


class _SamplesAct(MaestroController):
    sample_strategies = tuple(sorted(sample_names(StrategyLoader().get_all_strategies())))


class WithoutMaestro:
    """One account on which strategies act unweighed: same cash, costs, closes and limits of cash as with Maestro."""

    def __init__(self, uid: str) -> None:
        self._loader = StrategyLoader(controller_class=_SamplesAct)
        self._broker = PaperBroker(uid)
        self.equities = [self._broker.cash]
        """USD: at the start, and after each day's fills."""

    def propose(self, prices: Prices, day_index: int, market_data: Mapping[str, Any]) -> Signals:
        """Return what each strategy proposes for its own account; a failed one, or a malformed answer, is a HOLD."""
        account = self.account(prices, day_index)
        return asyncio.run(self._loader.evaluate_all_strategies(market_data, account))

    def account(self, prices: Prices, day_index: int) -> Mapping[str, Any]:
        """Return the account as its strategies see it."""
        return self._broker.account_snapshot(prices.closes_of(day_index))

    def close_day(self, prices: Prices, day_index: int, proposed: Signals, taking_part: Collection[str]) -> None:
        """Fill yesterday's orders, and take today's from the strategies that Maestro weighs, too."""
        orders = {name: {**s, "mode": "ACTIVE", "nonce": name} for name, s in proposed.items() if name in taking_part}
        closes = prices.closes_of(day_index)
        self._broker.close_day(closes, orders)
        self.equities.append(self._broker.equity(closes))
