"""Buy what fell too fast, sell it when it has recovered."""

from __future__ import annotations

from functions.strategies.base import BaseStrategy, Inputs, Signal
from functions.strategies.indicators import relative_strength_index
from functions.strategies.sample_symbols import SAMPLE_SYMBOLS


class RsiMeanReversion(BaseStrategy):
    """
    Mean reversion on Wilder's relative strength index.

    Buys the symbol with the lowest index below ``oversold`` and holds it until the index is above ``recovered``.
    Wilder takes 14 days; fewer make the index quicker.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems.
    """

    is_sample = True  # acts only where the policy names it: leave this line out of a copy

    defaults = {
        "symbols": SAMPLE_SYMBOLS,
        "days": 7,
        "oversold": 30.0,  # of 100
        "recovered": 50.0,
        "allocation": 0.20,  # of buying power
    }

    def evaluate(self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None) -> Signal:
        days = self.config["days"]
        indexes = self.measure(
            market_data, self.config["symbols"], lambda closes: relative_strength_index(closes, days), days + 1
        )
        held = self.held_symbol(account_snapshot)
        if not indexes or (held and held not in indexes):
            return self.hold(f"too few closes of {held or 'every symbol'}", held or "")
        if held and indexes[held] > self.config["recovered"]:
            return self.sell(held, f"{held} has recovered, RSI {indexes[held]:.0f}")
        if held:
            return self.hold(f"{held} has not recovered yet", held)
        lowest = min(indexes, key=indexes.__getitem__)
        if indexes[lowest] >= self.config["oversold"]:
            return self.hold(f"nothing is oversold, lowest {lowest} RSI {indexes[lowest]:.0f}")
        reason = f"{lowest} is oversold, RSI {indexes[lowest]:.0f}"
        return self.buy(lowest, self.config["allocation"], reason, (50 - indexes[lowest]) / 50)
