"""Buy a new high, sell a new low."""

from __future__ import annotations

from functions.strategies.base import BaseStrategy, Inputs, Signal
from functions.strategies.sample_symbols import SAMPLE_SYMBOLS


class TurtleChannel(BaseStrategy):
    """
    Donchian channel breakout, the turtles' first system.

    Buys a symbol whose close is above every close of the ``entry_days`` before; exits when it closes below every one of
    the ``exit_days`` before. Closes stand in for the intraday highs and lows of the source.

    References
    ----------
    Faith (2007), Way of the Turtle, chapter 5.
    """

    is_sample = True  # acts only where the policy names it: leave this line out of a copy

    defaults = {
        "symbols": SAMPLE_SYMBOLS,
        "entry_days": 20,
        "exit_days": 10,
        "allocation": 0.20,  # of buying power
    }

    def evaluate(self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None) -> Signal:
        entry_days, exit_days = self.config["entry_days"], self.config["exit_days"]
        symbols = self.config["symbols"]
        above_high = self.measure(
            market_data, symbols, lambda c: float(c[-1] / c[-1 - entry_days : -1].max() - 1.0), entry_days + 1
        )
        above_low = self.measure(
            market_data, symbols, lambda c: float(c[-1] / c[-1 - exit_days : -1].min() - 1.0), exit_days + 1
        )
        held = self.held_symbol(account_snapshot)
        if held not in above_low if held else not above_high:
            return self.hold(f"too few closes of {held or 'every symbol'}", held or "")
        if held and above_low[held] < 0:
            return self.sell(held, f"{held} closed {-above_low[held]:.1%} below its {exit_days}-day low")
        if held:
            return self.hold(f"{held} is inside its channel", held)
        highest = max(above_high, key=above_high.__getitem__)
        if above_high[highest] <= 0:
            return self.hold("no symbol closed at a new high")
        reason = f"{highest} closed {above_high[highest]:.1%} above its {entry_days}-day high"
        return self.buy(highest, self.config["allocation"], reason, 0.5 + above_high[highest] * 10)
