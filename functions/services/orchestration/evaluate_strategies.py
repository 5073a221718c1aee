"""Evaluate all strategies concurrently, each under a timeout, isolated from the others."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from functions.domain.kernel.errors import described
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.signals import COROUTINE_ANSWER, ProposedSignal, failed_signal, read_signal
from functions.services.orchestration.read_only import ReadOnlyDict, read_only

Evaluate = Callable[..., Any]
"""A strategy's ``evaluate``, sync or async."""
Inputs = Mapping[str, Sequence[Any]]
"""Inputs of each strategy, by its name."""

_FIRST_WORKERS = 8
_TICK_SECONDS = 0.02


class StrategyEvaluator:
    """
    Runs strategies; keep one per process.

    Async strategies are awaited together on the running loop. Sync ones run in daemon threads: a few threads process
    them, and more are added whenever no strategy finishes for a moment, so that slow ones run concurrently and quick
    ones cost little. A thread cannot be killed: a sync strategy that never returns occupies its own thread and is not
    started again meanwhile, so it starves neither the others nor later cycles.
    """

    def __init__(self) -> None:
        self._running: dict[tuple[str, str], threading.Thread] = {}
        self._lock = threading.Lock()

    async def evaluate(
        self,
        tenant_id: str,
        strategies: Mapping[str, Evaluate],
        market_data: Mapping[str, Any],
        account_snapshot: Mapping[str, Any],
        regime: Mapping[str, Any] | None,
        timeout_seconds: float,
        own_fields: Callable[[str], Mapping[str, Any]] = lambda _: {},
    ) -> list[ProposedSignal]:
        """
        Return one signal per strategy, in order; a failure is a HOLD with its error and reason code.

        Parameters
        ----------
        tenant_id : str
            Strategies with the same name in different tenants do not wait for each other.
        strategies : mapping
            ``evaluate(market_data, account_snapshot, regime)`` by strategy name.
        market_data, account_snapshot, regime : mapping
            Shared by all strategies, and therefore read-only.
        own_fields : callable
            Returns a strategy's own fields of the account snapshot, by its name.
        timeout_seconds : float
            For each strategy, from its own start.
        """
        inputs = _inputs_of(strategies, market_data, account_snapshot, regime, own_fields)
        is_async = {name: inspect.iscoroutinefunction(evaluate) for name, evaluate in strategies.items()}
        blocking = {name: evaluate for name, evaluate in strategies.items() if not is_async[name]}
        waiting = {name: evaluate for name, evaluate in strategies.items() if is_async[name]}
        outcomes = await asyncio.gather(
            self._evaluate_blocking(tenant_id, blocking, inputs, timeout_seconds),
            _evaluate_waiting(waiting, inputs, timeout_seconds),
        )
        signals = outcomes[0] | outcomes[1]
        return [signals[name] for name in strategies]

    async def _evaluate_blocking(
        self, tenant_id: str, strategies: Mapping[str, Evaluate], inputs: Inputs, timeout_seconds: float
    ) -> dict[str, ProposedSignal]:
        stuck = self._still_running(tenant_id, strategies)
        batch = _Batch({name: evaluate for name, evaluate in strategies.items() if name not in stuck}, inputs)
        signals = await batch.run(timeout_seconds)
        with self._lock:
            self._running |= {(tenant_id, name): thread for name, thread in batch.overdue.items()}
        return signals | {name: _still_running_signal(name) for name in stuck}

    def _still_running(self, tenant_id: str, strategies: Mapping[str, Evaluate]) -> set[str]:
        with self._lock:
            self._running = {key: thread for key, thread in self._running.items() if thread.is_alive()}
            return {name for name in strategies if (tenant_id, name) in self._running}


class _Batch:
    """The sync strategies of one cycle, processed by daemon threads."""

    def __init__(self, strategies: Mapping[str, Evaluate], inputs: Inputs) -> None:
        self._strategies = strategies
        self._inputs = inputs
        self._queue = deque(strategies)
        self._started: dict[str, tuple[float, threading.Thread]] = {}
        self._signals: dict[str, ProposedSignal] = {}
        """Set by ``setdefault``, which is atomic: the answer or the timeout, whichever comes first."""
        self._all_settled = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.overdue: dict[str, threading.Thread] = {}
        """Threads of strategies that did not answer in time."""

    async def run(self, timeout_seconds: float) -> dict[str, ProposedSignal]:
        workers, settled = _FIRST_WORKERS, 0
        self._add_workers(workers)
        while len(self._signals) < len(self._strategies):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_settled.wait(), _TICK_SECONDS)
            self._give_up_on_overdue(timeout_seconds)
            if len(self._signals) == settled:
                self._add_workers(workers)
                workers *= 2
            settled = len(self._signals)
        return self._signals

    def _add_workers(self, count: int) -> None:
        for _ in range(min(count, len(self._queue))):
            threading.Thread(target=self._work, name="maestro-strategy", daemon=True).start()

    def _work(self) -> None:
        while self._queue:
            try:
                name = self._queue.popleft()
            except IndexError:  # another worker was faster
                return
            self._started[name] = (time.monotonic(), threading.current_thread())
            self._signals.setdefault(name, _evaluate_one(name, self._strategies[name], self._inputs[name]))
        if len(self._signals) == len(self._strategies):
            with contextlib.suppress(RuntimeError):  # the cycle and its loop may have ended
                self._loop.call_soon_threadsafe(self._all_settled.set)

    def _give_up_on_overdue(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() - timeout_seconds
        for name, (started, thread) in self._started.copy().items():
            if started < deadline and name not in self._signals:
                timeout = _timeout_signal(name, timeout_seconds)
                if self._signals.setdefault(name, timeout) is timeout:
                    self.overdue[name] = thread


async def evaluate_here(
    strategies: Mapping[str, Evaluate],
    market_data: Mapping[str, Any],
    account_snapshot: Mapping[str, Any],
    regime: Mapping[str, Any] | None,
    own_fields: Callable[[str], Mapping[str, Any]] = lambda _: {},
) -> list[ProposedSignal]:
    """
    Evaluate strategies one after the other in the caller's thread, as `StrategyEvaluator.evaluate` does.

    For strategies that are known to return: there is no timeout.
    """
    inputs = _inputs_of(strategies, market_data, account_snapshot, regime, own_fields)
    signals = []
    for name, evaluate in strategies.items():
        if inspect.iscoroutinefunction(evaluate):
            signals.append(await _await_one(name, evaluate, inputs[name]))
        else:
            signals.append(_evaluate_one(name, evaluate, inputs[name]))
    return signals


def _inputs_of(
    names: Iterable[str],
    market_data: Mapping[str, Any],
    account_snapshot: Mapping[str, Any],
    regime: Mapping[str, Any] | None,
    own_fields: Callable[[str], Mapping[str, Any]],
) -> Inputs:
    shared = (read_only(market_data), read_only(account_snapshot), read_only(regime))
    return {name: _own_inputs(shared, own_fields(name)) for name in names}


def _own_inputs(shared: Sequence[Any], own: Mapping[str, Any]) -> Sequence[Any]:
    """Return one strategy's inputs: the shared ones, with its own fields laid over the account."""
    market_data, account_snapshot, regime = shared
    return (market_data, ReadOnlyDict({**account_snapshot, **read_only(dict(own))}), regime) if own else shared


def _evaluate_one(name: str, evaluate: Evaluate, shared: Sequence[Any]) -> ProposedSignal:
    try:
        proposed = evaluate(*shared)
        if not inspect.iscoroutine(proposed):
            return read_signal(name, proposed)
        proposed.close()
    except BaseException as error:  # noqa: BLE001 - even SystemExit: a strategy ends only itself
        return _error_signal(name, error)
    return failed_signal(name, COROUTINE_ANSWER, ReasonCode.MALFORMED_SIGNAL)


async def _evaluate_waiting(
    strategies: Mapping[str, Evaluate], inputs: Inputs, timeout_seconds: float
) -> dict[str, ProposedSignal]:
    if not strategies:
        return {}
    tasks = {name: asyncio.create_task(_await_one(name, strategies[name], inputs[name])) for name in strategies}
    done, late = await asyncio.wait(tasks.values(), timeout=timeout_seconds)
    for task in late:
        task.cancel()
    return {
        name: task.result() if task in done else _timeout_signal(name, timeout_seconds) for name, task in tasks.items()
    }


async def _await_one(name: str, evaluate: Evaluate, shared: Sequence[Any]) -> ProposedSignal:
    try:
        return read_signal(name, await evaluate(*shared))
    except BaseException as error:  # noqa: BLE001 - even SystemExit, which would end the loop and every strategy on it
        return _error_signal(name, error)


def _error_signal(name: str, error: BaseException) -> ProposedSignal:
    return failed_signal(name, described(error), ReasonCode.STRATEGY_ERROR)


def _timeout_signal(name: str, timeout_seconds: float) -> ProposedSignal:
    return failed_signal(name, f"no answer within {timeout_seconds:g} s", ReasonCode.STRATEGY_TIMEOUT)


def _still_running_signal(name: str) -> ProposedSignal:
    error = "an earlier evaluation has not returned: not started again until it does"
    return failed_signal(name, error, ReasonCode.STRATEGY_STILL_RUNNING)
