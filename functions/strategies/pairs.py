"""Buy the cheap one of two that move together. Also the template of an asynchronous strategy."""

from __future__ import annotations

import numpy as np

from functions.strategies.base import BaseStrategy, Inputs, Signal
from functions.strategies.indicators import z_score


class PairsReversion(BaseStrategy):
    """
    Long leg of a pairs trade.

    When the log price ratio of the pair is ``entry`` standard deviations from its mean of ``days``, buys the cheap
    one, and holds it until the ratio is back within ``exit``. The source forms pairs over a year, enters at 2 and
    exits at 0.

    References
    ----------
    Gatev, Goetzmann and Rouwenhorst (2006), Review of Financial Studies 19(3), 797-827.
    """

    is_sample = True  # acts only where the policy names it: leave this line out of a copy

    symbols = ("KO", "PEP")
    defaults = {
        "pair": symbols,
        "days": 40,
        "entry": 1.5,  # standard deviations
        "exit": 0.5,
        "allocation": 0.20,  # of buying power
    }

    async def evaluate(self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None) -> Signal:
        # A strategy that gets data from a service awaits it here; one that only computes need not be async.
        first, second = self.config["pair"]
        days = self.config["days"]
        closes = [self.close_history(market_data, symbol)[-days:] for symbol in (first, second)]
        if min(series.size for series in closes) < days:
            return self.hold("too few closes")
        score = z_score(np.log(closes[0] / closes[1]), days)
        cheap = first if score < 0 else second
        reason = f"{first}/{second} ratio is {score:+.1f} standard deviations from its {days}-day mean"
        held = self.held_symbol(account_snapshot)
        if held and held in self.config["pair"] and (held != cheap or abs(score) < self.config["exit"]):
            return self.sell(held, reason)
        if held or abs(score) < self.config["entry"]:
            return self.hold(reason, held or "")
        return self.buy(cheap, self.config["allocation"], reason, abs(score) / 4)
