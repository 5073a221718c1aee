"""The strategies of a replay: our samples inline, users' own in threads with their time limit."""

from __future__ import annotations

import asyncio
import copy
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import Policy
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.signals import ProposedSignal
from functions.sandbox.find_strategies import is_sample
from functions.sandbox.strategy_signatures import construct, with_three_arguments
from functions.services.orchestration.evaluate_strategies import Evaluate, StrategyEvaluator, evaluate_here

_SAMPLES = "functions.strategies."
T = TypeVar("T")


class LabStrategies:
    """
    Strategies that every account of a replay asks.

    As deployed, each evaluation finds a strategy as it was constructed: what it kept in ``self`` is gone. The
    project's own samples keep nothing and end, so they run in the caller's thread; all others run in threads, where the
    policy's ``strategy_timeout_seconds`` holds.

    Parameters
    ----------
    strategies : sequence
        Instances or classes; a class is constructed once.
    """

    def __init__(self, strategies: Sequence[Any]) -> None:
        built = [construct(one) if inspect.isclass(one) else one for one in strategies]
        self._by_name = {type(one).__name__: one for one in built}
        if len(self._by_name) < len(built):
            raise InputError("strategies", "one of each class", [type(one).__name__ for one in built])
        self.names = list(self._by_name)
        self.samples = frozenset(name for name, one in self._by_name.items() if is_sample(one))
        self._inline = {name: one for name, one in self._by_name.items() if _is_ours(one)}
        self._loop = asyncio.new_event_loop() if self._own else None
        self._prepared = {name: with_three_arguments(one.evaluate) for name, one in self._inline.items()}

    @property
    def _own(self) -> list[str]:
        return [name for name in self.names if name not in self._inline]

    def asked_by(self, tenant_id: str) -> Callable[[CycleInputs, Policy], Awaitable[Sequence[ProposedSignal]]]:
        """Return what asks all of them for one account."""
        evaluator = StrategyEvaluator()

        async def propose(inputs: CycleInputs, policy: Policy) -> Sequence[ProposedSignal]:
            handed = (inputs.market_data, inputs.account_snapshot, inputs.regime)
            inline = await evaluate_here(self._prepared, *handed, inputs.own_fields)
            if not self._own:
                return inline
            limit = policy.strategy_timeout_seconds
            others = await evaluator.evaluate(tenant_id, self._fresh(), *handed, limit, inputs.own_fields)
            signals = {one.strategy_name: one for one in (*inline, *others)}
            return [signals[name] for name in self.names]

        return propose

    def run(self, work: Awaitable[T]) -> T:
        """Wait for a cycle: on an event loop where strategies need one."""
        if self._loop is not None:
            return self._loop.run_until_complete(_finished(work))
        return at_once(work)

    def close(self) -> None:
        if self._loop is not None:
            self._loop.close()

    def _fresh(self) -> Mapping[str, Evaluate]:
        return {name: with_three_arguments(_as_constructed(self._by_name[name]).evaluate) for name in self._own}


def at_once(work: Awaitable[T]) -> T:
    """Run, without an event loop, a coroutine that never waits."""
    try:
        work.__await__().__next__()
    except StopIteration as done:
        value: T = done.value
        return value
    raise RuntimeError("it waits for something, and there is nothing to wait on")


async def _finished(work: Awaitable[T]) -> T:
    return await work


def _is_ours(strategy: Any) -> bool:
    return is_sample(strategy) and type(strategy).__module__.startswith(_SAMPLES)


def _as_constructed(strategy: Any) -> Any:
    try:
        return copy.deepcopy(strategy)
    except Exception:  # noqa: BLE001 - a user's object: what cannot be copied is built again
        return construct(type(strategy))
