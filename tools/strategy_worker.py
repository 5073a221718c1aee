"""
Evaluate one strategy as a cycle does, in a process of its own: what `tools.strategy_check` compares.

Runs on the packages that are deployed, so it imports nothing that only developers have. Reads one JSON request from
standard input and answers with one JSON document; what the strategy prints goes to standard error.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import json
import logging
import os
import select
import signal
import sys
import time
import traceback
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from examples.replay import INDEX_SYMBOL, Prices, decision_time
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.sandbox.strategy_signatures import construct, with_three_arguments
from functions.services.orchestration.evaluate_strategies import StrategyEvaluator
from functions.strategies import loader
from functions.strategies.maestro_controller import MaestroController
from tools.lab.engine.paper_broker import PaperBroker
from tools.other_times import DatedFiles, move_clock

Answer = dict[str, Any]
"""A signal, plain; with ``where``, the line that raised, if one did."""

_COMPARED = ("action", "ticker", "allocation", "confidence")
_ANSWERED = (*_COMPARED, "reasoning", "error", "reason_code")
_SILENT = "no answer: it blocks"
_NO_MORE = {ReasonCode.STRATEGY_TIMEOUT, ReasonCode.STRATEGY_STILL_RUNNING}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.register_at_fork(after_in_child=partial(os.close, answers.fileno()))  # only this process answers on it
    os.dup2(2, 1)
    logging.getLogger("maestro").addHandler(logging.NullHandler())
    prices = Prices.load()
    decision_time(prices.days[-1])  # makes the calendar, while the other process still works
    request = json.load(sys.stdin)
    task: Callable[..., Any] = walk if request.pop("task") == "walk" else ask_elsewhere
    json.dump(task(prices, **request), answers)
    answers.flush()
    os._exit(0)  # a strategy's own threads may never end


def walk(prices: Prices, name: str, module: str, start: str, end: str, budget_seconds: float) -> dict[str, Any]:
    """Ask one instance about one day after the other, each twice, on an account that follows its signals."""
    known, touched = set(sys.modules), watched()
    found = loader.StrategyLoader()
    others = [
        error for error in found.get_load_errors().values() if error.startswith(f"class {name} already exists in ")
    ]
    strategy = found.get_all_strategies().get(name)
    if strategy is None:
        return {"load_error": why_not_loaded(name, module, found.get_load_errors()), "days": []}
    asked, broker, days = Asked(name, strategy), PaperBroker(name), []
    deadline = time.monotonic() + budget_seconds
    for index in prices.between(date.fromisoformat(start), date.fromisoformat(end)):
        account = broker.account_snapshot(prices.closes_of(index))
        answer, again = (asked.about(prices, index, account) for _ in range(2))
        day = {"index": index, "day": str(prices.days[index]), "answer": answer, "again": again}
        days.append(day | {"account": account | {"as_of": None}})
        if answer["reason_code"] in _NO_MORE or time.monotonic() > deadline:
            break
        traded = {"mode": "ACTIVE", "nonce": str(index)} | {key: answer[key] for key in _COMPARED}
        broker.close_day(prices.closes_of(index), {name: traded})
    return {
        "load_error": others[0] if others else None,
        "days": days,
        "touched": sorted(touched),
        "symbols": [symbol for symbol in prices.symbols if symbol != INDEX_SYMBOL],
        "slowest_seconds": asked.slowest_seconds,
        "limit_seconds": asked.limit_seconds,
        "modules": [module for module in set(sys.modules) - known if not is_a_users(module)],
    }


def watched() -> set[str]:
    """Return a set that grows by every file of data that is read and every address that is reached from now on."""
    touched: set[str] = set()
    packages = (sys.prefix, sys.base_prefix, str(Path(np.__file__).parents[1]))
    not_data = (*packages, *zoneinfo.TZPATH, "/dev/", "/proc/", "/sys/", "/etc/")

    def see(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            address = arguments[1]
            touched.add(f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address))
        if event == "open" and isinstance(arguments[0], str | bytes) and not arguments[2] & os.O_WRONLY:
            path = Path(os.path.abspath(os.fsdecode(arguments[0])))  # noqa: PTH100 - it also resolves ".."
            if path.suffix not in {".py", ".pyc"} and not str(path).startswith(not_data) and path.is_file():
                touched.add(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))

    sys.addaudithook(see)
    return touched


@dataclass(slots=True)
class Asked:
    """A strategy, and how it is asked: by the evaluator that cycles use."""

    name: str
    strategy: Any
    slowest_seconds: float = 0.0
    limit_seconds: float = Policy.from_sources(MaestroController.policy_defaults(), None).strategy_timeout_seconds
    _evaluator: StrategyEvaluator = field(default_factory=StrategyEvaluator)

    def about(self, prices: Prices, index: int, account: dict[str, Any]) -> Answer:
        raised: list[BaseException] = []
        evaluate = remembering(with_three_arguments(self.strategy.evaluate), raised)
        started, data = time.monotonic(), prices.market_data(index)
        (signal,) = asyncio.run(
            self._evaluator.evaluate("check", {self.name: evaluate}, data, account, None, self.limit_seconds)
        )
        self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - started)
        where = line_of(raised[0], inspect.getfile(type(self.strategy))) if raised else None
        return {key: getattr(signal, key) for key in _ANSWERED} | {"where": where}


def remembering(evaluate: Callable[..., Any], raised: list[BaseException]) -> Callable[..., Any]:
    """Return ``evaluate``, which also keeps what it raises: the evaluator's answer has no traceback."""

    async def evaluate_async(*inputs: Any) -> Any:
        with keeping(raised):
            return await evaluate(*inputs)

    def evaluate_sync(*inputs: Any) -> Any:
        with keeping(raised):
            return evaluate(*inputs)

    return evaluate_async if inspect.iscoroutinefunction(evaluate) else evaluate_sync


@contextlib.contextmanager
def keeping(raised: list[BaseException]) -> Any:
    try:
        yield
    except BaseException as error:
        raised.append(error)
        raise


def line_of(error: BaseException, file: str) -> str | None:
    """Return the line of a file that an error came through last, as ``trend.py, line 31: code``."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"{Path(file).name}, line {frames[-1].lineno}: {frames[-1].line}" if frames else None


def why_not_loaded(name: str, module: str, errors: dict[str, str]) -> str:
    """Return why a class that is in a strategy file is not among the strategies, with the line if there is one."""
    full_name = f"functions.strategies.{module}"
    try:
        strategy_class = getattr(importlib.import_module(full_name), name)
        if module not in errors and name not in errors:
            return is_no_strategy(strategy_class)
        construct(strategy_class)
    except BaseException as error:  # noqa: BLE001 - it was caught once by the loader; this time for its line
        where = line_of(error, str(Path(loader.__file__).parent / f"{module}.py"))
    else:
        where = None
    message = errors.get(name) or errors.get(module) or f"{module} has no class {name} once it is imported"
    return f"{message} ({where})" if where else message


def is_no_strategy(found: Any) -> str:
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        return f"it has no {', '.join(missing)}"
    derived = f"class {getattr(found, '__name__', found)}(BaseStrategy):"
    return f"it does not derive from BaseStrategy: from functions.strategies.base import BaseStrategy, and {derived}"


def is_a_users(module: str) -> bool:
    """Return whether a module may remember something of a strategy, so that every question needs a new one."""
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return "site-packages" not in file and not module.startswith("functions.services.")


def ask_elsewhere(
    prices: Prices,
    name: str,
    days: list[dict[str, Any]],
    modules: list[str],
    question_seconds: float,
    budget_seconds: float,
) -> dict[str, Any]:
    """
    Ask a new instance about each day, where all later rows of dated files are missing and the clock shows another time.

    Returns
    -------
    dict
        ``asked``, the number of days; what the new instances ``touched`` and which files were ``cut``; and of the first
        day with another answer ``day``, that ``answer`` and its ``cause``.
        This process runs in a copy of the project, as it cuts files.
    """
    for module in modules:  # once, not once per question
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    files, deadline = DatedFiles.under(Path.cwd()), time.monotonic() + budget_seconds
    seen: dict[str, Any] = {
        "asked": 0,
        "touched": [],
        "cut": [str(path.relative_to(Path.cwd())) for path in files.lines],
    }
    for day in days:
        if time.monotonic() > deadline:
            return seen
        files.cut_after(day["day"])
        ask = partial(answer_of_new, name, prices, day)
        answer = in_a_fork(partial(ask, moves_clock=True), question_seconds)
        seen["asked"] += 1
        seen["touched"] = sorted({*seen["touched"], *answer["touched"]})
        if not is_same(answer, day["answer"]):
            files.restore()
            return seen | {"day": day["day"], **cause_of(answer, day["answer"], ask, question_seconds)}
    return seen


def cause_of(answer: Answer, first: Answer, ask: Callable[..., Answer], question_seconds: float) -> dict[str, Any]:
    """Return why a new instance answers differently, with its answer: undo one change of its world after the other."""
    if answer["error"] == _SILENT:
        return {"cause": "copy", "answer": answer}
    with_files = in_a_fork(partial(ask, moves_clock=True), question_seconds)
    if is_same(with_files, first):
        return {"cause": "look-ahead", "answer": answer}
    with_clock = in_a_fork(partial(ask, moves_clock=False), question_seconds)
    if is_same(with_clock, first):
        return {"cause": "clock", "answer": with_files}
    lacks_a_file = (with_clock["error"] or "").startswith("FileNotFoundError")
    return {"cause": "copy" if lacks_a_file else "memory", "answer": with_clock}


def answer_of_new(name: str, prices: Prices, day: dict[str, Any], *, moves_clock: bool) -> Answer:
    touched = watched()
    if moves_clock:
        move_clock()
    strategy = loader.StrategyLoader().get_all_strategies().get(name)
    if strategy is None:
        return no_answer("it does not load")
    account = day["account"] | {"as_of": decision_time(prices.days[day["index"]])}
    answer = Asked(name, strategy).about(prices, day["index"], account)
    return answer | {"touched": sorted(touched)}


def in_a_fork(ask: Callable[[], Answer], limit_seconds: float) -> Answer:
    """Ask in a process that has imported no strategy yet, so nothing is remembered from another question."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writing, "w") as answers:
            answers.write(json.dumps(ask(), default=str) + "\n")
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answers:
        is_silent = not select.select([answers], [], [], limit_seconds)[0]
        text = "" if is_silent else answers.readline()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    answer: Answer = json.loads(text) if text else no_answer(_SILENT if is_silent else "its process ended")
    return answer


def no_answer(why: str) -> Answer:
    return {"action": "", "ticker": "", "allocation": 0.0, "confidence": 0.0, "error": why, "touched": []}


def is_same(one: Answer, other: Answer) -> bool:
    """Return whether two answers lead to the same trade; reasons may differ in words."""
    return tradable(one) == tradable(other)


def tradable(answer: Answer) -> tuple[Any, ...]:
    fractions = (round(answer[key], 9) for key in ("allocation", "confidence"))
    return answer["action"], answer["ticker"], *fractions, answer["error"] is None


if __name__ == "__main__":
    main()
