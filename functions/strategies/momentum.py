"""Hold the stock that did best over a year, its last month left out."""

from __future__ import annotations

from functions.strategies.base import BaseStrategy, Inputs, Signal
from functions.strategies.sample_symbols import SAMPLE_SYMBOLS


class TwelveOneMomentum(BaseStrategy):
    """
    Cross-sectional 12-1 momentum.

    Buys the symbol with the highest return from 252 to 21 days ago, if that is a gain; exits one that is no longer
    among the best. The last month is left out because short-term returns tend to revert.

    References
    ----------
    Jegadeesh and Titman (1993), Journal of Finance 48(1), 65-91.
    """

    is_sample = True  # acts only where the policy names it: leave this line out of a copy

    defaults = {
        "symbols": SAMPLE_SYMBOLS,
        "formation_days": 252,
        "skipped_days": 21,
        "kept_ranks": 3,  # a holding may slip to this rank before it is sold
        "allocation": 0.30,  # of buying power
    }

    def evaluate(self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None) -> Signal:
        formation, skipped = self.config["formation_days"], self.config["skipped_days"]
        momentum = self.measure(
            market_data,
            self.config["symbols"],
            lambda closes: float(closes[-1 - skipped] / closes[-1 - formation] - 1.0),
            formation + 1,
        )
        best = sorted((symbol for symbol in momentum if momentum[symbol] > 0), key=momentum.__getitem__, reverse=True)
        held = self.held_symbol(account_snapshot)
        if not momentum or (held and held not in momentum):
            return self.hold(f"too few closes of {held or 'every symbol'}", held or "")
        if held and held not in best[: self.config["kept_ranks"]]:
            return self.sell(held, f"{held} 12-1 momentum {momentum[held]:+.1%} is no longer among the best")
        if held or not best:
            return self.hold(f"{held} is among the best" if held else "no symbol has a gain to show", held or "")
        gain = momentum[best[0]]
        return self.buy(best[0], self.config["allocation"], f"{best[0]} 12-1 momentum {gain:+.1%}", gain)
