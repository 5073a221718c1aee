"""Imports strategies' modules and constructs strategies, reporting each step; then forks a runner per cycle."""

from __future__ import annotations

import importlib
import socket
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from functions.domain.kernel.errors import described
from functions.sandbox import limits, runner, wire
from functions.sandbox.child import Evaluate
from functions.sandbox.find_strategies import classes_in, declared_symbols, is_sample, modules_of
from functions.sandbox.fork_server import ForkServer
from functions.sandbox.strategy_signatures import construct, with_three_arguments
from functions.strategies.base import BaseStrategy

Evaluates = dict[str, Evaluate]
"""Evaluation functions of strategies, by class name."""


def main(host: socket.socket, *, in_namespace: bool) -> None:
    """
    Load what the host requests, then serve cycles until it closes the socket.

    Each step is reported before it begins, so that the host knows whose code hangs or ends this process.
    """
    request, _ = wire.receive(host)
    sys.path[:] = request["path"]
    importlib.invalidate_caches()
    evaluates: dict[str, Evaluates] = {}
    shared = _Shared()
    try:
        modules = request["modules"]
        modules = modules_of(request["package"]) if modules is None else modules
    except BaseException as error:  # noqa: BLE001 - the package's own file is also a user's
        wire.send(host, {"failed": described(error)})
        return
    wire.send(host, {"modules": modules})
    for module in modules:
        result = _load(host, f"{request['package']}.{module}", module, frozenset(request["without"]))
        evaluates[module] = result.pop("evaluates")
        wire.send(host, {"loaded": module, **result, "meddles": shared.meddled()})
    wire.send(host, {"ready": True})

    def run(work: socket.socket) -> None:
        runner.main(work, evaluates, in_namespace=in_namespace)

    ForkServer(host, run).serve()


def _load(host: socket.socket, full_name: str, module: str, without: Collection[str]) -> dict[str, Any]:
    """Import one module and construct its strategies."""
    wire.send(host, {"step": module, "class": None})
    try:
        found = classes_in(importlib.import_module(full_name), BaseStrategy)
    except BaseException as error:  # noqa: BLE001 - a user's file: even sys.exit() in it must not stop the rest
        return {"evaluates": {}, "names": [], "samples": [], "symbols": {}, "errors": {module: described(error)}}
    evaluates: Evaluates = {}
    samples: list[str] = []
    symbols: dict[str, list[str]] = {}
    errors: dict[str, str] = {}
    for name, strategy_class in found.items():
        if name in without:
            continue
        wire.send(host, {"step": module, "class": name})
        try:
            strategy = construct(strategy_class)
            evaluates[name] = with_three_arguments(strategy.evaluate)
            samples += [name] if is_sample(strategy) else []
            symbols[name] = declared_symbols(strategy)
        except BaseException as error:  # noqa: BLE001 - a user's constructor: no exception may stop the others
            errors[name] = described(error)
    return {"evaluates": evaluates, "names": list(evaluates), "samples": samples, "symbols": symbols, "errors": errors}


class _Shared:
    """Watches shared state of a process's strategies: a file that changes it gets a process of its own."""

    def __init__(self) -> None:
        self._before = {name: dict(_callables(vars(module))) for name, module in list(sys.modules.items())}
        self._base = dict(_callables(vars(BaseStrategy)))

    def meddled(self) -> str | None:
        """Return what was changed, as text; None if nothing was."""
        if not limits.is_single_threaded():
            return "it started a thread"
        for name, before in self._before.items():
            module = sys.modules.get(name)
            now: Mapping[str, Any] = {} if module is None else vars(module)
            for attribute, value in before.items():
                if now.get(attribute) is not value:
                    return f"it replaced {name}.{attribute}"
        for attribute, value in self._base.items():
            if vars(BaseStrategy).get(attribute) is not value:
                return f"it replaced BaseStrategy.{attribute}"
        return None


def _callables(names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield functions and classes only: other values of modules change legitimately."""
    return ((name, value) for name, value in list(names.items()) if callable(value))
