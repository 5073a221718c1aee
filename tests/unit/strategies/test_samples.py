"""The sample strategies: what they say on constructed paths, and that nothing they are given makes them raise."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from examples.replay import HISTORY_DAYS, Prices
from functions.domain.signals import parse_signal
from functions.strategies.base import BaseStrategy
from functions.strategies.breakout import BollingerBreakout
from functions.strategies.indicators import relative_strength_index, z_score
from functions.strategies.loader import StrategyLoader
from functions.strategies.mean_reversion import RsiMeanReversion
from functions.strategies.momentum import TwelveOneMomentum
from functions.strategies.pairs import PairsReversion
from functions.strategies.trend import MovingAverageTrend
from functions.strategies.turtle import TurtleChannel
from functions.strategies.volatility_managed import VolatilityManaged

ALL = [type(strategy) for strategy in StrategyLoader().get_all_strategies().values()]
DAYS = HISTORY_DAYS
NOISE = np.resize([1.0, -1.0], DAYS) * 0.001
RISING = 100 * 1.001 ** np.arange(DAYS) * (1 + NOISE)
FALLING = 100 * 0.999 ** np.arange(DAYS) * (1 + NOISE)
FLAT = np.full(DAYS, 100.0)


def ending(*last: float) -> NDArray[np.float64]:
    """A quiet path around 100 that ends as given."""
    path = 100 * (1 + NOISE)
    path[-len(last) :] = last
    return path


CRASH = ending(100, 95, 90, 85, 80)
SPIKE = ending(112)
WILD = 100 * (1 + np.resize([0.05, -0.05], DAYS))


def evaluate(strategy: BaseStrategy, histories: dict[str, Any], held: str | None = None) -> dict[str, Any]:
    market_data = {"symbols": {symbol: {"price": 1.0, "history": list(path)} for symbol, path in histories.items()}}
    positions = [{"symbol": held, "qty": 10, "strategy_id": strategy.name}] if held else []
    signal = strategy.evaluate(market_data, {"positions": positions}, None)
    if inspect.isawaitable(signal):

        async def awaited() -> dict[str, Any]:
            return await signal

        return asyncio.run(awaited())
    return signal


ONE: dict[str, Any] = {"symbols": ("KO",)}


@pytest.mark.parametrize(
    ("strategy", "histories", "held", "action"),
    [
        (MovingAverageTrend(config=ONE), {"KO": RISING}, None, "BUY"),
        (MovingAverageTrend(config=ONE), {"KO": RISING}, "KO", "HOLD"),
        (MovingAverageTrend(config=ONE), {"KO": FALLING}, "KO", "SELL"),
        (MovingAverageTrend(config=ONE), {"KO": FALLING}, None, "HOLD"),
        (MovingAverageTrend(config=ONE), {"KO": FLAT}, None, "HOLD"),
        (TwelveOneMomentum(config=ONE), {"KO": RISING}, None, "BUY"),
        (TwelveOneMomentum(config=ONE), {"KO": FALLING}, None, "HOLD"),
        (TwelveOneMomentum(config=ONE), {"KO": FALLING}, "KO", "SELL"),
        (TwelveOneMomentum(config=ONE), {"KO": RISING[:252]}, None, "HOLD"),
        (RsiMeanReversion(config=ONE), {"KO": CRASH}, None, "BUY"),
        (RsiMeanReversion(config=ONE), {"KO": CRASH}, "KO", "HOLD"),
        (RsiMeanReversion(config=ONE), {"KO": SPIKE}, "KO", "SELL"),
        (RsiMeanReversion(config=ONE), {"KO": FLAT}, None, "HOLD"),
        (BollingerBreakout(config=ONE), {"KO": SPIKE}, None, "BUY"),
        (BollingerBreakout(config=ONE), {"KO": CRASH}, "KO", "SELL"),
        (BollingerBreakout(config=ONE), {"KO": FLAT}, None, "HOLD"),
        (TurtleChannel(config=ONE), {"KO": SPIKE}, None, "BUY"),
        (TurtleChannel(config=ONE), {"KO": CRASH}, "KO", "SELL"),
        (TurtleChannel(config=ONE), {"KO": FLAT}, None, "HOLD"),
        (VolatilityManaged(config=ONE), {"KO": RISING}, None, "BUY"),
        (VolatilityManaged(config=ONE), {"KO": WILD}, None, "HOLD"),
        (VolatilityManaged(config=ONE), {"KO": WILD}, "KO", "SELL"),
        (PairsReversion(), {"KO": CRASH, "PEP": FLAT}, None, "BUY"),
        (PairsReversion(), {"KO": CRASH, "PEP": FLAT}, "KO", "HOLD"),
        (PairsReversion(), {"KO": FLAT, "PEP": FLAT}, "KO", "SELL"),
        (PairsReversion(), {"KO": CRASH}, None, "HOLD"),
    ],
    ids=lambda value: value.name if isinstance(value, BaseStrategy) else None,
)
def test_constructed_paths(strategy: BaseStrategy, histories: dict[str, Any], held: str | None, action: str) -> None:
    signal = evaluate(strategy, histories, held)
    assert signal["action"] == action, signal["reasoning"]
    assert signal["reasoning"]


@pytest.mark.parametrize("strategy_class", ALL)
@pytest.mark.parametrize("market_data", [{}, {"symbols": {}}, {"symbols": {"KO": {}}}, {"KO": {"price": 1.0}}])
def test_without_data_they_hold(strategy_class: type[BaseStrategy], market_data: dict[str, Any]) -> None:
    signal = strategy_class().evaluate(market_data, {})
    if inspect.isawaitable(signal):
        signal = asyncio.run(_awaited(signal))
    assert signal["action"] == "HOLD"


async def _awaited(signal: Any) -> Any:
    return await signal


closes = st.floats(0.01, 1e6) | st.just(float("nan"))
paths = st.lists(st.floats(0.5, 2), min_size=0, max_size=8).map(lambda tail: [*RISING[: DAYS - len(tail)], *tail])


@pytest.mark.parametrize("strategy_class", ALL)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_whatever_the_prices_they_answer_with_a_signal(strategy_class: type[BaseStrategy], data: st.DataObject) -> None:
    strategy = strategy_class()
    symbols = strategy.config.get("symbols") or strategy.config["pair"]
    histories = {symbol: data.draw(paths | st.lists(closes, max_size=70)) for symbol in symbols}
    held = data.draw(st.none() | st.sampled_from(symbols))
    signal = parse_signal(strategy.name, evaluate(strategy, histories, held))
    assert held or signal.action != "SELL", "only what is held can be sold"
    assert not held or signal.action != "BUY", "one position at a time"


@pytest.fixture(scope="module")
def real_closes() -> NDArray[np.float64]:
    prices = Prices.load()
    return prices.closes[:300, prices.symbols.index("JPM")]


def test_relative_strength_index_equals_pandas_smoothing_on_real_prices(real_closes: NDArray[np.float64]) -> None:
    days = 14
    changes = pd.Series(real_closes).diff().dropna()
    smoothed = []
    for signed in (changes.clip(lower=0), -changes.clip(upper=0)):
        seeded = pd.concat([pd.Series([signed.iloc[:days].mean()]), signed.iloc[days:]])
        smoothed.append(seeded.ewm(alpha=1 / days, adjust=False).mean().iloc[-1])
    expected = 100 - 100 / (1 + smoothed[0] / smoothed[1])
    assert relative_strength_index(real_closes, days) == pytest.approx(expected, rel=1e-9)


def test_z_score_equals_pandas_on_real_prices(real_closes: NDArray[np.float64]) -> None:
    window = pd.Series(real_closes).rolling(20)
    expected = ((pd.Series(real_closes) - window.mean()) / window.std()).iloc[-1]
    assert z_score(real_closes, 20) == pytest.approx(expected, rel=1e-9)
