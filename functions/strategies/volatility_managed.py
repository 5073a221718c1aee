"""Hold more of a steady market and none of a wild one."""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import NDArray

from functions.strategies.base import BaseStrategy, Inputs, Signal
from functions.strategies.indicators import daily_returns
from functions.strategies.sample_symbols import SAMPLE_SYMBOLS


class VolatilityManaged(BaseStrategy):
    """
    Exposure in inverse proportion to recent variance.

    Buys the steadiest symbol with ``allocation`` x (target volatility / realised volatility)^2, at most
    ``allocation``; exits when that would fall below ``exit_fraction`` of it. The source has no such cap.

    References
    ----------
    Moreira and Muir (2017), Journal of Finance 72(4), 1611-1644.
    """

    is_sample = True  # acts only where the policy names it: leave this line out of a copy

    defaults = {
        "symbols": SAMPLE_SYMBOLS,
        "days": 22,
        "target_volatility": 0.15,  # annualised
        "exit_fraction": 0.40,  # of allocation
        "allocation": 0.25,  # of buying power
    }

    def evaluate(self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None) -> Signal:
        fractions = self.measure(market_data, self.config["symbols"], self._fraction, self.config["days"] + 1)
        held = self.held_symbol(account_snapshot)
        if not fractions or (held and held not in fractions):
            return self.hold(f"too few closes of {held or 'every symbol'}", held or "")
        if held and fractions[held] < self.config["exit_fraction"]:
            return self.sell(held, f"{held} allows only {fractions[held]:.0%} of the position")
        if held:
            return self.hold(f"{held} is steady enough", held)
        steadiest = max(fractions, key=fractions.__getitem__)
        fraction = fractions[steadiest]
        if fraction < self.config["exit_fraction"]:
            return self.hold(f"nothing is steady enough, {steadiest} is the steadiest")
        allocation = self.config["allocation"] * fraction
        return self.buy(steadiest, allocation, f"{steadiest} is steady enough for {fraction:.0%}", fraction)

    def _fraction(self, closes: NDArray[Any]) -> float:
        """Return the fraction of the full position that recent volatility allows."""
        volatility = float(daily_returns(closes[-self.config["days"] - 1 :]).std(ddof=1)) * math.sqrt(252)
        if volatility == 0:  # a price that never moves is a feed that stopped, not a steady market
            return 0.0
        return min(1.0, float(self.config["target_volatility"] / volatility) ** 2)
