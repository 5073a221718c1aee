"""Buy a breakout above the band, exit when it falls back to the middle."""

from __future__ import annotations

from functions.strategies.base import BaseStrategy, Inputs, Signal
from functions.strategies.indicators import z_score
from functions.strategies.sample_symbols import SAMPLE_SYMBOLS


class BollingerBreakout(BaseStrategy):
    """
    Breakout above the upper Bollinger band.

    Buys the symbol that closes furthest above ``band_width`` standard deviations over its mean of ``days``, and
    holds it until it is back below that mean.

    References
    ----------
    Bollinger (2001), Bollinger on Bollinger Bands.
    """

    is_sample = True  # acts only where the policy names it: leave this line out of a copy

    defaults = {
        "symbols": SAMPLE_SYMBOLS,
        "days": 20,
        "band_width": 2.0,  # standard deviations
        "allocation": 0.20,  # of buying power
    }

    def evaluate(self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None) -> Signal:
        days = self.config["days"]
        scores = self.measure(market_data, self.config["symbols"], lambda closes: z_score(closes, days), days)
        held = self.held_symbol(account_snapshot)
        if not scores or (held and held not in scores):
            return self.hold(f"too few closes of {held or 'every symbol'}", held or "")
        if held and scores[held] < 0:
            return self.sell(held, f"{held} is back below its {days}-day mean")
        if held:
            return self.hold(f"{held} is above its mean", held)
        highest = max(scores, key=scores.__getitem__)
        if scores[highest] <= self.config["band_width"]:
            return self.hold(f"no breakout, highest {highest} at {scores[highest]:+.1f} standard deviations")
        reason = f"{highest} broke out at {scores[highest]:+.1f} standard deviations"
        return self.buy(highest, self.config["allocation"], reason, scores[highest] / 4)
