"""No decision uses a price that it trades at, or a later one; and raw is what strategies do, worked out by hand."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from functions.sandbox.find_strategies import is_sample
from functions.strategies.base import BaseStrategy, Inputs, Signal
from tools.lab.engine.replay import replay
from tools.lab.policy_run import PolicyRun
from tools.lab.prices.bars import DailyBars
from tools.lab.prices.read import read_prices
from tools.lab.task import found_strategies
from tools.prerequisites import ROOT

PRICES = ROOT / "examples/data/us_equities_daily_2018_2022.csv"
OURS = "functions.strategies."
FIRST, LAST = date(2020, 1, 2), date(2020, 4, 9)
HISTORY, CASH, FEE, SLIPPAGE = 260, 100_000.0, 0.005, 0.0002
POLICIES: Mapping[str, Mapping[str, Any]] = {"off": {"enabled": False}, "guide": {}}


def samples() -> dict[str, BaseStrategy]:
    """Return ours, by name: one of the user's own may be there, too."""
    found = {name: one() for name, one in sorted(found_strategies().items()) if one.__module__.startswith(OURS)}
    return {name: one for name, one in found.items() if is_sample(one)}


def replayed(bars: DailyBars) -> dict[str, PolicyRun]:
    return replay(bars, [*samples().values()], POLICIES, market="XNYS", first=FIRST, last=LAST)


def asked(strategy: BaseStrategy, market_data: Inputs, account: Inputs) -> Signal:
    signal: Any = strategy.evaluate(market_data, account)
    answer: Signal = asyncio.run(signal) if inspect.iscoroutine(signal) else signal
    return answer


def by_hand(bars: DailyBars) -> list[float]:
    """Return equity at each close: strategies see closes up to a session, and what they say is done at the next."""
    strategies, cash, equity = samples(), CASH, []
    shares: dict[tuple[str, str], float] = {}
    orders: list[tuple[str, Signal]] = []
    for at, day in enumerate(bars.days):
        if not FIRST <= day <= LAST:
            continue
        price = dict(zip(bars.symbols, bars.close[at].tolist(), strict=True))
        known = bars.close[at - HISTORY + 1 : at + 1].T.tolist()
        market = {s: {"price": price[s], "history": closes} for s, closes in zip(bars.symbols, known, strict=True)}
        positions = [{"symbol": s, "qty": held, "strategy_id": name} for (name, s), held in shares.items()]
        said = {name: asked(one, {"symbols": market}, {"positions": positions}) for name, one in strategies.items()}
        for name, signal in orders:
            symbol = signal["ticker"]
            if signal["action"] == "SELL":
                quantity = -shares.pop((name, symbol), 0.0)
            elif any(owner == name for owner, _ in shares):
                continue
            else:
                worth = cash + sum(held * price[s] for (_, s), held in shares.items())
                quantity = min(0.99 * cash, signal["allocation"] * worth) / price[symbol]
                shares[name, symbol] = quantity
            cash -= quantity * price[symbol] + abs(quantity) * (FEE + SLIPPAGE * price[symbol])
        orders = [(name, signal) for name, signal in said.items() if signal["action"] != "HOLD"]
        equity.append(cash + sum(held * price[s] for (_, s), held in shares.items()))
    return equity


def test_raw_is_what_strategies_do_on_closes_before_those_they_trade_at() -> None:
    bars = read_prices(PRICES, market="XNYS").bars
    found = [session.equity for session in replayed(bars)["off"].sessions]
    assert np.allclose(found, by_hand(bars), rtol=1e-9)
    assert abs(found[-1] / CASH - 1.0) > 0.01  # something was traded


def test_no_session_knows_the_prices_that_come_after_it() -> None:
    bars = read_prices(PRICES, market="XNYS").bars
    until = bars.days.index(date(2020, 3, 2))
    close = bars.close.copy()
    close[until + 1 :] *= np.random.default_rng(1).uniform(0.5, 2.0, close[until + 1 :].shape)
    before, after = replayed(bars), replayed(replace(bars, close=close))
    sessions = [session.day for session in before["off"].sessions].index(bars.days[until]) + 1
    for name in POLICIES:
        assert before[name].sessions[:sessions] == after[name].sessions[:sessions]
        assert before[name].sessions[sessions:] != after[name].sessions[sessions:]
        for strategy, rows in before[name].strategies.items():
            assert repr(rows[:sessions]) == repr(after[name].strategies[strategy][:sessions])
