"""Be long the strongest uptrend, out of any downtrend."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from functions.strategies.base import BaseStrategy, Inputs, Signal
from functions.strategies.indicators import moving_average
from functions.strategies.sample_symbols import SAMPLE_SYMBOLS


class MovingAverageTrend(BaseStrategy):
    """
    Trend following with two moving averages.

    Buys the symbol whose average of ``fast_days`` is highest above that of ``slow_days``; exits when the fast one falls
    below the slow one. The source pairs averages of 1 to 5 with 50 to 200 days, though not 5 with 50.

    References
    ----------
    Brock, Lakonishok and LeBaron (1992), Journal of Finance 47(5), 1731-1764.
    """

    is_sample = True  # acts only where the policy names it: leave this line out of a copy

    defaults = {
        "symbols": SAMPLE_SYMBOLS,
        "fast_days": 5,
        "slow_days": 50,
        "allocation": 0.25,  # of buying power
    }

    def evaluate(self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None) -> Signal:
        gaps = self.measure(market_data, self.config["symbols"], self._gap, self.config["slow_days"])
        held = self.held_symbol(account_snapshot)
        if not gaps or (held and held not in gaps):
            return self.hold(f"too few closes of {held or 'every symbol'}", held or "")
        if held and gaps[held] < 0:
            return self.sell(held, f"{held} fast average is {-gaps[held]:.1%} below the slow one")
        if held:
            return self.hold(f"{held} is still in its trend", held)
        best = max(gaps, key=gaps.__getitem__)
        if gaps[best] <= 0:
            return self.hold("no symbol is in an uptrend")
        reason = f"{best} fast average is {gaps[best]:.1%} above the slow one"
        return self.buy(best, self.config["allocation"], reason, gaps[best] * 10)

    def _gap(self, closes: NDArray[Any]) -> float:
        fast, slow = moving_average(closes, self.config["fast_days"]), moving_average(closes, self.config["slow_days"])
        gap = fast / slow - 1.0
        return gap if abs(gap) > 1e-12 else 0.0  # what is left is rounding, not a trend
