"""The two files that a new strategy begins with: itself and its test."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from string import Template

from tools.prerequisites import ROOT
from tools.strategy_check import LONGEST_NAME, files_with, not_a_class_name

_USED_BY_THE_FILES = {"BaseStrategy", "Inputs", "Signal", "Floats", "Any", "RISING", "FALLING", "SHORT"}

_STRATEGY = Template('''\
"""$name: say here in one line what it trades on."""

from __future__ import annotations

from functions.strategies.base import BaseStrategy, Inputs, Signal
from functions.strategies.indicators import Floats, moving_average


class $name(BaseStrategy):
    """
    Buys the symbol that stands highest above its average close, and sells it once it is below.

    What it answers may depend on its inputs only: the same history must give the same signal, today and in a replay.
    """

    defaults = {
        "symbols": ("AAPL", "JPM", "KO", "MSFT", "XOM"),
        "days": 50,  # closes in the average
        "allocation": 0.10,  # of buying power, 0 to 1
    }

    def evaluate(self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None) -> Signal:
        gaps = self.measure(market_data, self.config["symbols"], self._gap, self.config["days"])
        held = self.held_symbol(account_snapshot)
        if not gaps or (held and held not in gaps):
            return self.hold(f"too few closes of {held or 'every symbol'}", held or "")
        if held and gaps[held] < 0:
            return self.sell(held, f"{held} is {-gaps[held]:.1%} below its average")
        if held:
            return self.hold(f"{held} is still above its average", held)
        best = max(gaps, key=gaps.__getitem__)
        if gaps[best] <= 0:
            return self.hold("no symbol is above its average")
        return self.buy(best, self.config["allocation"], f"{best} is {gaps[best]:.1%} above its average")

    def _gap(self, closes: Floats) -> float:
        """Return how far the last close is above the average, as a fraction; closes are oldest first."""
        return float(closes[-1]) / moving_average(closes, self.config["days"]) - 1.0
''')

_TEST = Template('''\
"""$name on prices that are made up to show one thing each."""

from __future__ import annotations

from typing import Any

import pytest

from functions.strategies.$module import $name

RISING = [100.0 + day for day in range(60)]
FALLING = RISING[::-1]
SHORT = RISING[:10]


@pytest.mark.parametrize(
    ("closes", "held", "action"),
    [
        (RISING, None, "BUY"),
        (RISING, "KO", "HOLD"),
        (FALLING, "KO", "SELL"),
        (FALLING, None, "HOLD"),
        (SHORT, None, "HOLD"),
        (SHORT, "KO", "HOLD"),
    ],
)
def test_it_acts_on_the_trend(closes: list[float], held: str | None, action: str) -> None:
    strategy = $name(config={"symbols": ("KO",)})
    market_data: dict[str, Any] = {"symbols": {"KO": {"price": closes[-1], "history": closes}}}
    positions = [{"symbol": held, "qty": 10, "strategy_id": strategy.name}] if held else []
    signal = strategy.evaluate(market_data, {"positions": positions})
    assert signal["action"] == action, signal["reasoning"]
    assert 0 <= signal["allocation"] <= 1
''')


def write_new(name: str, root: Path = ROOT) -> tuple[Path, Path]:
    """
    Write a strategy and its test, and return where; nothing is overwritten.

    Raises
    ------
    ValueError
        If the name is not a class name, or taken.
    """
    is_class_name = re.fullmatch(r"[A-Z][A-Za-z0-9]*", name) is not None and len(name) <= LONGEST_NAME
    module = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    if not is_class_name or keyword.iskeyword(name) or keyword.iskeyword(module) or name in _USED_BY_THE_FILES:
        raise not_a_class_name(name)
    strategy, test = root / f"functions/strategies/{module}.py", root / f"tests/strategies/test_{module}.py"
    for own in files_with(name, root):
        raise ValueError(f"{own.relative_to(root)} already exists: choose another name, or edit that")
    for taken in (path for path in (strategy, test) if path.exists()):
        raise ValueError(f"{taken.relative_to(root)} already exists: choose another name")
    test.parent.mkdir(parents=True, exist_ok=True)
    strategy.write_text(_STRATEGY.substitute(name=name), encoding="utf-8")
    test.write_text(_TEST.substitute(name=name, module=module), encoding="utf-8")
    return strategy, test
