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

from examples.replay import HISTORY_DAYS, INDEX_SYMBOL, Prices
from functions.domain.orchestration.signals import parse_signal
from functions.strategies.base import BaseStrategy
from functions.strategies.breakout import BollingerBreakout
from functions.strategies.mean_reversion import RsiMeanReversion
from functions.strategies.momentum import TwelveOneMomentum
from functions.strategies.pairs import PairsReversion
from functions.strategies.sample_symbols import SAMPLE_SYMBOLS
from functions.strategies.trend import MovingAverageTrend
from functions.strategies.turtle import TurtleChannel
from functions.strategies.volatility_managed import VolatilityManaged
from tests.samples import SAMPLES

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
GAP_DOWN = ending(88)
WILD = 100 * (1 + np.resize([0.05, -0.05], DAYS))


def evaluate(strategy: BaseStrategy, histories: dict[str, Any], held: str | None = None) -> dict[str, Any]:
    paths = {symbol: list(path) for symbol, path in histories.items()}
    quotes = {symbol: {"price": path[-1] if path else 1.0, "history": path} for symbol, path in paths.items()}
    market_data = {"symbols": quotes}
    positions = [{"symbol": held, "qty": 10, "strategy_id": strategy.name}] if held else []
    return awaited(strategy.evaluate(market_data, {"positions": positions}, None))


def awaited(signal: Any) -> dict[str, Any]:
    """The signal itself, also of an asynchronous strategy."""

    async def wait() -> Any:
        return await signal

    result: dict[str, Any] = asyncio.run(wait()) if inspect.isawaitable(signal) else signal
    return result


def symbols_of(strategy: BaseStrategy) -> tuple[str, ...]:
    return tuple(strategy.config.get("symbols") or strategy.config["pair"])


ONE: dict[str, Any] = {"symbols": ("KO",)}


@pytest.mark.parametrize(
    ("strategy", "histories", "held", "action"),
    [
        (MovingAverageTrend(config=ONE), {"KO": RISING}, None, "BUY"),
        (MovingAverageTrend(config=ONE), {"KO": RISING}, "KO", "HOLD"),
        (MovingAverageTrend(config=ONE), {"KO": FALLING}, "KO", "SELL"),
        (MovingAverageTrend(config=ONE), {"KO": FALLING}, None, "HOLD"),
        (MovingAverageTrend(config=ONE), {"KO": FLAT}, None, "HOLD"),
        (MovingAverageTrend(config=ONE), {"KO": np.full(DAYS, 99.99)}, None, "HOLD"),
        (MovingAverageTrend(config=ONE), {"KO": SPIKE}, None, "BUY"),
        (MovingAverageTrend(config=ONE), {"KO": GAP_DOWN}, "KO", "SELL"),
        (TwelveOneMomentum(config=ONE), {"KO": RISING}, None, "BUY"),
        (TwelveOneMomentum(config=ONE), {"KO": FALLING}, None, "HOLD"),
        (TwelveOneMomentum(config=ONE), {"KO": FALLING}, "KO", "SELL"),
        (TwelveOneMomentum(config=ONE), {"KO": RISING}, "KO", "HOLD"),
        (TwelveOneMomentum(config=ONE), {"KO": RISING[:252]}, None, "HOLD"),
        (TwelveOneMomentum(config=ONE), {"KO": FLAT}, None, "HOLD"),
        (TwelveOneMomentum(config=ONE), {"KO": [*RISING[:-1], 300.0]}, "KO", "HOLD"),
        (TwelveOneMomentum(config=ONE), {"KO": [*RISING[:-1], 50.0]}, "KO", "HOLD"),
        (TwelveOneMomentum(config=ONE), {"KO": [*FALLING[:-1], 300.0]}, None, "HOLD"),
        (RsiMeanReversion(config=ONE), {"KO": CRASH}, None, "BUY"),
        (RsiMeanReversion(config=ONE), {"KO": CRASH}, "KO", "HOLD"),
        (RsiMeanReversion(config=ONE), {"KO": SPIKE}, "KO", "SELL"),
        (RsiMeanReversion(config=ONE), {"KO": FLAT}, None, "HOLD"),
        (RsiMeanReversion(config=ONE), {"KO": FLAT}, "KO", "HOLD"),
        (RsiMeanReversion(config=ONE), {"KO": GAP_DOWN}, None, "BUY"),
        (RsiMeanReversion(config=ONE), {"KO": 100 * 1.001 ** np.arange(DAYS)}, "KO", "SELL"),
        (RsiMeanReversion(config=ONE), {"KO": 100 * 0.999 ** np.arange(DAYS)}, None, "BUY"),
        (BollingerBreakout(config=ONE), {"KO": SPIKE}, None, "BUY"),
        (BollingerBreakout(config=ONE), {"KO": CRASH}, "KO", "SELL"),
        (BollingerBreakout(config=ONE), {"KO": SPIKE}, "KO", "HOLD"),
        (BollingerBreakout(config=ONE), {"KO": GAP_DOWN}, "KO", "SELL"),
        (BollingerBreakout(config=ONE), {"KO": RISING}, None, "HOLD"),
        (BollingerBreakout(config=ONE), {"KO": FALLING}, "KO", "SELL"),
        (BollingerBreakout(config=ONE), {"KO": FLAT}, None, "HOLD"),
        (TurtleChannel(config=ONE), {"KO": SPIKE}, None, "BUY"),
        (TurtleChannel(config=ONE), {"KO": CRASH}, "KO", "SELL"),
        (TurtleChannel(config=ONE), {"KO": FLAT}, None, "HOLD"),
        (TurtleChannel(config=ONE), {"KO": FLAT}, "KO", "HOLD"),
        (TurtleChannel(config=ONE), {"KO": GAP_DOWN}, "KO", "SELL"),
        (TurtleChannel(config=ONE), {"KO": 100 * 1.001 ** np.arange(DAYS)}, None, "BUY"),
        (TurtleChannel(config=ONE), {"KO": 100 * 0.999 ** np.arange(DAYS)}, "KO", "SELL"),
        (VolatilityManaged(config=ONE), {"KO": RISING}, None, "BUY"),
        (VolatilityManaged(config=ONE), {"KO": RISING}, "KO", "HOLD"),
        (VolatilityManaged(config=ONE), {"KO": FALLING}, None, "BUY"),
        (VolatilityManaged(config=ONE), {"KO": FLAT}, None, "HOLD"),  # a price that never moves is a feed that stopped
        (VolatilityManaged(config=ONE), {"KO": SPIKE}, "KO", "SELL"),
        (VolatilityManaged(config=ONE), {"KO": GAP_DOWN}, "KO", "SELL"),
        (VolatilityManaged(config=ONE), {"KO": WILD}, None, "HOLD"),
        (VolatilityManaged(config=ONE), {"KO": WILD}, "KO", "SELL"),
        (PairsReversion(), {"KO": CRASH, "PEP": FLAT}, None, "BUY"),
        (PairsReversion(), {"KO": CRASH, "PEP": FLAT}, "KO", "HOLD"),
        (PairsReversion(), {"KO": FLAT, "PEP": FLAT}, "KO", "SELL"),
        (PairsReversion(), {"KO": ending(99.97), "PEP": FLAT}, "KO", "SELL"),
        (PairsReversion(), {"KO": ending(99.9), "PEP": FLAT}, "KO", "HOLD"),
        (PairsReversion(), {"KO": ending(99.9), "PEP": FLAT}, None, "HOLD"),
        (PairsReversion(), {"KO": CRASH}, None, "HOLD"),
        (PairsReversion(), {"KO": RISING, "PEP": RISING}, None, "HOLD"),
        (PairsReversion(), {"KO": FALLING, "PEP": FALLING}, None, "HOLD"),
        (PairsReversion(), {"KO": SPIKE, "PEP": FLAT}, None, "BUY"),
        (PairsReversion(), {"KO": SPIKE, "PEP": FLAT}, "KO", "SELL"),
        (PairsReversion(), {"KO": GAP_DOWN, "PEP": FLAT}, "KO", "HOLD"),
        (PairsReversion(), {"KO": GAP_DOWN, "PEP": FLAT}, "PEP", "SELL"),
    ],
    ids=lambda value: value.name if isinstance(value, BaseStrategy) else None,
)
def test_constructed_paths(strategy: BaseStrategy, histories: dict[str, Any], held: str | None, action: str) -> None:
    signal = evaluate(strategy, histories, held)
    assert signal["action"] == action, signal["reasoning"]
    assert signal["reasoning"]


@pytest.mark.parametrize(
    ("strategy", "histories", "ticker"),
    [
        (MovingAverageTrend(config={"symbols": ("KO", "PEP")}), {"KO": SPIKE, "PEP": RISING}, "PEP"),
        (TwelveOneMomentum(config={"symbols": ("KO", "PEP")}), {"KO": RISING, "PEP": RISING**2}, "PEP"),
        (RsiMeanReversion(config={"symbols": ("KO", "PEP")}), {"KO": SPIKE, "PEP": CRASH}, "PEP"),
        (BollingerBreakout(config={"symbols": ("KO", "PEP")}), {"KO": RISING, "PEP": SPIKE}, "PEP"),
        (TurtleChannel(config={"symbols": ("KO", "PEP")}), {"KO": ending(101), "PEP": SPIKE}, "PEP"),
        (VolatilityManaged(config={"symbols": ("KO", "PEP")}), {"KO": WILD, "PEP": RISING}, "PEP"),
        (PairsReversion(), {"KO": SPIKE, "PEP": FLAT}, "PEP"),
        (PairsReversion(), {"KO": FLAT, "PEP": SPIKE}, "KO"),
    ],
    ids=lambda value: value.name if isinstance(value, BaseStrategy) else None,
)
def test_they_buy_the_symbol_that_their_rule_prefers(
    strategy: BaseStrategy, histories: dict[str, Any], ticker: str
) -> None:
    signal = evaluate(strategy, histories)
    assert (signal["action"], signal["ticker"]) == ("BUY", ticker)
    assert 0 < signal["allocation"] <= strategy.config["allocation"]


@pytest.mark.parametrize(("daily_move", "is_capped"), [(0.001, True), (0.02, False), (0.04, False)])
def test_exposure_is_inverse_to_realised_variance(daily_move: float, is_capped: bool) -> None:
    path = 100 * (1 + np.resize([daily_move, 0.0], DAYS))
    signal = evaluate(VolatilityManaged(config={**ONE, "exit_fraction": 0.0}), {"KO": path})
    variance = pd.Series(path).pct_change().iloc[-22:].var() * 252
    expected = 0.25 if is_capped else 0.25 * 0.15**2 / variance
    assert signal["allocation"] == pytest.approx(expected, rel=1e-9)


BROKEN = {
    "missing": [],
    "short": RISING[:5],
    "with a NaN": [*RISING[:-1], float("nan")],
    "with an infinity": [float("inf"), *RISING[1:]],
    "with a zero": [*RISING[:-1], 0.0],
    "below zero": [*RISING[:-1], -1.0],
    "all zero": FLAT * 0,
}


@pytest.mark.parametrize("strategy_class", SAMPLES)
@pytest.mark.parametrize("is_holding", [False, True])
@pytest.mark.parametrize("history", BROKEN.values(), ids=BROKEN)
def test_without_usable_closes_they_hold_and_say_so(
    strategy_class: type[BaseStrategy], is_holding: bool, history: Any
) -> None:
    strategy = strategy_class()
    symbols = symbols_of(strategy)
    signal = evaluate(strategy, dict.fromkeys(symbols, history), symbols[0] if is_holding else None)
    assert signal["action"] == "HOLD"
    assert "too few closes" in signal["reasoning"]


@pytest.mark.parametrize("strategy_class", SAMPLES)
def test_a_holding_without_closes_is_kept_though_others_have_them(strategy_class: type[BaseStrategy]) -> None:
    strategy = strategy_class()
    held, *others = symbols_of(strategy)
    signal = evaluate(strategy, dict.fromkeys(others, RISING), held)
    assert signal["action"] == "HOLD"
    assert "too few closes" in signal["reasoning"]


@pytest.mark.parametrize("strategy_class", SAMPLES)
@pytest.mark.parametrize(
    "market_data",
    [
        {},
        {"symbols": None},
        {"symbols": {}},
        {"symbols": {"KO": None}},
        {"symbols": {"KO": {}}},
        {"symbols": {"KO": {"history": None}}},
        {"KO": {"price": 1.0}},
    ],
    ids=str,
)
def test_without_data_they_hold(strategy_class: type[BaseStrategy], market_data: dict[str, Any]) -> None:
    assert awaited(strategy_class().evaluate(market_data, {}))["action"] == "HOLD"


@pytest.mark.parametrize("strategy_class", SAMPLES)
def test_a_position_of_another_strategy_is_not_sold(strategy_class: type[BaseStrategy]) -> None:
    strategy = strategy_class()
    symbols = symbols_of(strategy)
    others = [{"symbol": symbol, "qty": 1.0, "strategy_id": "Another"} for symbol in symbols]
    for path in (RISING, FALLING, FLAT, CRASH, SPIKE, WILD):
        market_data = {"symbols": {symbol: {"history": path.tolist()} for symbol in symbols}}
        assert awaited(strategy.evaluate(market_data, {"positions": others}))["action"] != "SELL"


closes = st.floats(1e-6, 1e12) | st.sampled_from([float("nan"), float("inf"), 0.0, -1.0])
moves = st.lists(st.floats(0.5, 2), min_size=0, max_size=8)
paths = st.builds(
    lambda base, tail: [*base[: DAYS - len(tail)], *(100 * np.cumprod(tail))],
    st.sampled_from([RISING, FALLING, FLAT, WILD]),
    moves,
)


@pytest.mark.parametrize("strategy_class", SAMPLES)
@settings(max_examples=25)
@given(data=st.data())
def test_whatever_the_prices_they_answer_with_a_signal(strategy_class: type[BaseStrategy], data: st.DataObject) -> None:
    strategy = strategy_class()
    symbols = symbols_of(strategy)
    histories = {symbol: data.draw(paths | st.lists(closes, max_size=70)) for symbol in symbols}
    held = data.draw(st.none() | st.sampled_from(symbols))
    proposed = evaluate(strategy, histories, held)
    signal = parse_signal(strategy.name, proposed)
    assert proposed["action"] in {"BUY", "SELL", "HOLD"}
    assert 0 <= proposed.get("allocation", 1.0) <= 1
    assert 0 <= proposed["confidence"] <= 1
    assert signal.action != "SELL" or signal.ticker == held, "only what is held can be sold"
    assert not held or signal.action != "BUY", "one position at a time"


def test_they_choose_from_every_stock_of_the_sample_prices() -> None:
    assert set(SAMPLE_SYMBOLS) == set(Prices.load().symbols) - {INDEX_SYMBOL}
