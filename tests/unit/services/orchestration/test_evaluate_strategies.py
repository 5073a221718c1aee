"""Strategies that misbehave in every way, side by side with one that does not."""

from __future__ import annotations

import asyncio
import copy
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from functions.domain.orchestration.signals import Action, ProposedSignal
from functions.services.orchestration.evaluate_strategies import StrategyEvaluator, evaluate_here
from functions.services.orchestration.read_only import read_only

GOOD = {"action": "BUY", "ticker": "KO", "allocation": 0.2}
MARKET = {"symbols": {"KO": {"price": 45.0, "history": [44.0, 45.0]}}}


def good(market_data: Any, account: Any, regime: Any) -> Any:
    return GOOD


async def good_async(market_data: Any, account: Any, regime: Any) -> Any:
    await asyncio.sleep(0)
    return GOOD


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What hanging strategies wait for; set at the end, so that no thread outlives its test."""
    event = threading.Event()
    yield event
    event.set()


def evaluate(
    strategies: Mapping[str, Callable[..., Any]],
    evaluator: StrategyEvaluator | None = None,
    timeout: float = 1.0,
    tenant_id: str = "acme",
) -> dict[str, ProposedSignal]:
    evaluator = evaluator or StrategyEvaluator()
    signals = asyncio.run(evaluator.evaluate(tenant_id, strategies, MARKET, {}, None, timeout))
    assert [signal.strategy_name for signal in signals] == list(strategies)
    return {signal.strategy_name: signal for signal in signals}


def raises(market_data: Any, account: Any, regime: Any) -> Any:
    raise RuntimeError("no data")


async def raises_async(market_data: Any, account: Any, regime: Any) -> Any:
    raise RuntimeError("no data")


def exits(market_data: Any, account: Any, regime: Any) -> Any:
    raise SystemExit(3)


async def exits_async(market_data: Any, account: Any, regime: Any) -> Any:
    raise SystemExit(3)


async def hangs_async(market_data: Any, account: Any, regime: Any) -> Any:
    await asyncio.sleep(60)


async def refuses_to_be_cancelled(market_data: Any, account: Any, regime: Any) -> Any:
    for _ in range(3):
        try:
            await asyncio.sleep(1.2)
        except asyncio.CancelledError:
            continue


def forgets_async(market_data: Any, account: Any, regime: Any) -> Any:
    return good_async(market_data, account, regime)


def sorts_in_place(market_data: Any, account: Any, regime: Any) -> Any:
    market_data["symbols"]["KO"]["history"].sort(reverse=True)


class LoudError(Exception):
    """An object, or an error, that cannot be told as text or number."""

    def __str__(self) -> str:
        raise LookupError("no text")

    __repr__ = __str__

    def __float__(self) -> float:
        raise LookupError("no number")


def raises_loudly(*_: Any) -> Any:
    raise LoudError


@pytest.mark.parametrize(
    ("bad", "code", "message"),
    [
        (raises_loudly, "STRATEGY_ERROR", "LoudError, whose message cannot be read: LookupError"),
        (
            lambda *_: {**GOOD, "reasoning": LoudError()},
            "STRATEGY_ERROR",
            "its answer cannot be read: LookupError: no text",
        ),
        (
            lambda *_: {**GOOD, "allocation": LoudError()},
            "STRATEGY_ERROR",
            "its answer cannot be read: LookupError: no num",
        ),
        (
            lambda *_: {**GOOD, "ticker": LoudError()},
            "STRATEGY_ERROR",
            "its answer cannot be read: LookupError: no text",
        ),
        (raises, "STRATEGY_ERROR", "RuntimeError: no data"),
        (raises_async, "STRATEGY_ERROR", "RuntimeError: no data"),
        (exits, "STRATEGY_ERROR", "SystemExit: 3"),
        (exits_async, "STRATEGY_ERROR", "SystemExit: 3"),
        (hangs_async, "STRATEGY_TIMEOUT", "no answer within 1 s"),
        (refuses_to_be_cancelled, "STRATEGY_TIMEOUT", "no answer within 1 s"),
        (forgets_async, "MALFORMED_SIGNAL", "evaluate returned a coroutine: declare it async"),
        (sorts_in_place, "STRATEGY_ERROR", "TypeError: inputs are read-only, as all strategies share them"),
        (lambda *_: None, "MALFORMED_SIGNAL", "signal must be a mapping"),
        (lambda *_: {**GOOD, "allocation": float("nan")}, "MALFORMED_SIGNAL", "allocation must be"),
        (lambda: GOOD, "STRATEGY_ERROR", "TypeError"),
    ],
)
def test_one_bad_strategy_harms_no_other(bad: Callable[..., Any], code: str, message: str) -> None:
    signals = evaluate({"First": good, "Bad": bad, "Last": good_async})
    assert signals["Bad"].action is Action.HOLD
    assert signals["Bad"].reason_code == code
    assert str(signals["Bad"].error).startswith(message)
    assert (signals["First"].action, signals["Last"].action) == (Action.BUY, Action.BUY)


def test_a_strategy_that_never_returns_starves_neither_others_nor_later_cycles(release: threading.Event) -> None:
    evaluator = StrategyEvaluator()
    starts: list[str] = []

    def hangs(*_: Any) -> Any:
        starts.append("started")
        release.wait(30)

    strategies = {f"Hangs{number}": hangs for number in range(40)} | {"Good": good}
    first = evaluate(strategies, evaluator)
    assert first["Good"].action is Action.BUY
    assert first["Hangs39"].reason_code == "STRATEGY_TIMEOUT"
    started = time.monotonic()
    for _ in range(5):
        again = evaluate(strategies, evaluator)
        assert again["Good"].action is Action.BUY
        assert again["Hangs0"].reason_code == "STRATEGY_STILL_RUNNING"
    assert time.monotonic() - started < 5, "a stuck strategy is not waited for again"
    assert len(starts) == 40, "nor started again"
    assert evaluate({"Hangs0": good}, evaluator, tenant_id="other")["Hangs0"].action is Action.BUY


def test_a_strategy_that_came_back_late_is_asked_again() -> None:
    evaluator = StrategyEvaluator()
    pauses = iter([1.5, 0.0])

    def late(*_: Any) -> Any:
        time.sleep(next(pauses))
        return GOOD

    assert evaluate({"Late": late}, evaluator)["Late"].reason_code == "STRATEGY_TIMEOUT"
    time.sleep(1.0)
    assert evaluate({"Late": late}, evaluator)["Late"].action is Action.BUY


def test_slow_strategies_run_side_by_side() -> None:
    def slow(*_: Any) -> Any:
        time.sleep(0.3)
        return GOOD

    started = time.monotonic()
    signals = evaluate({f"Slow{number}": slow for number in range(100)}, timeout=20)
    assert {signal.action for signal in signals.values()} == {Action.BUY}
    assert time.monotonic() - started < 15, "one after the other they would take 30 s"


def test_read_only_data_still_passes_as_plain_data() -> None:
    shared = read_only(MARKET)
    assert isinstance(shared, dict)
    assert json.loads(json.dumps(shared)) == MARKET
    mine = copy.deepcopy(shared)
    mine["symbols"]["KO"]["history"].append(46.0)
    assert shared == MARKET
    for change in (
        lambda: shared.update(a=1),
        lambda: shared.pop("symbols"),
        lambda: shared["symbols"]["KO"]["history"].append(1),
        lambda: shared["symbols"]["KO"].__setitem__("price", 1),
    ):
        with pytest.raises(TypeError, match="read-only"):
            change()


def test_what_is_read_only_is_handed_on_and_lists_of_anything_are_read_only_to_the_last() -> None:
    shared = read_only({"plain": [1.0, 2, "three", None, True], "nested": [1.0, [2.0], {"a": 3}]})
    assert read_only(shared) is shared
    assert read_only({"again": shared})["again"] is shared
    for part in (shared["plain"], shared["nested"], shared["nested"][1]):
        with pytest.raises(TypeError, match="read-only"):
            part.append(1)
    with pytest.raises(TypeError, match="read-only"):
        shared["nested"][2].update(a=1)


def test_strategies_evaluated_here_say_the_same_as_beside_each_other() -> None:
    strategies = {"Good": good, "Async": good_async, "Raises": raises, "RaisesAsync": raises_async, "Exits": exits}
    here = asyncio.run(evaluate_here(strategies, MARKET, {}, None))
    assert here == list(evaluate(strategies).values())
