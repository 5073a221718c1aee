"""Loads the strategies of a package into as few processes as their files allow."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from functions.adapters.strategy_processes.strategy_root import Fork, ProcessesGoneError, fork
from functions.domain.kernel.errors import shortened
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.signals import MAX_REASONING_CHARACTERS
from functions.sandbox import wire
from functions.sandbox.find_strategies import twice
from functions.services.orchestration.ports import FoundStrategies

_AT_ONCE = 8
_ATTEMPTS = 3
_FIRST_WORD_SECONDS = 30.0
_TRY_AGAIN_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Module:
    """The result of loading a file."""

    name: str
    classes: Sequence[str] = ()
    samples: Sequence[str] = ()
    symbols: Mapping[str, Sequence[str]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    meddles: str | None = None
    """What it changed for others in its process, as text."""


class Loader:
    """A process that has some modules of a package loaded."""

    def __init__(self, fork_: Fork) -> None:
        self._fork = fork_
        self.modules: list[Module] = []
        self.fault: Module | None = None
        """The module whose code hung or ended the process; later ones are not loaded."""
        self.asked: Sequence[str] = ()
        """Modules to load."""
        self.without: dict[str, str] = {}
        """Skipped classes with harmful constructors, and what each does."""

    @property
    def is_clean(self) -> bool:
        """Whether all its modules can share it."""
        return self.fault is None and not any(module.meddles for module in self.modules)

    def load(self, package: str, modules: Sequence[str] | None, without: Sequence[str], seconds: float) -> None:
        """
        Load modules, all of the package for None, skipping given classes.

        Raises
        ------
        ImportError
            If the package itself cannot be imported.
        """
        path = [os.path.abspath(folder) for folder in sys.path]  # noqa: PTH100 - "" is where we are
        step: dict[str, Any] = {}
        try:
            request = {"package": package, "modules": modules, "without": list(without), "path": path}
            wire.send(self._fork.work, request)
            limit = max(seconds, _FIRST_WORD_SECONDS)  # for the package's own file, and the start on a busy machine
            while True:
                message = self._receive(limit)
                limit = seconds
                if "failed" in message:
                    raise ImportError(f"{package}: {message['failed']}")
                if "modules" in message:
                    self.asked = [str(name) for name in message["modules"]]
                elif "loaded" in message:
                    self.modules.append(_module(message))
                elif "ready" in message:
                    return
                else:
                    step = message
        except TimeoutError:
            self._blame(step, ReasonCode.STRATEGY_TIMEOUT, f"did not end within {seconds:g} s")
        except (OSError, EOFError):
            ending = self._fork.ending()
            self._blame(step, ReasonCode.STRATEGY_CRASHED, f"ended its process: {ending_in_words(ending)}")

    def run(self) -> Fork:
        """Fork a runner. Raises OSError if the loader has gone."""
        return fork(self._fork.work)

    def close(self) -> None:
        self._fork.close()

    def _receive(self, seconds: float) -> dict[str, Any]:
        self._fork.work.settimeout(seconds)
        body = wire.receive_bytes(self._fork.work)
        message: dict[str, Any] = json.loads(body)
        return message

    def _blame(self, step: Mapping[str, Any], code: ReasonCode, what: str) -> None:
        self._fork.close()
        if not step:
            raise ProcessesGoneError(f"a process that loads strategies {what}")
        module, name = str(step["step"]), step["class"]
        whose = "its import" if name is None else "its constructor"
        self.fault = Module(module, errors={str(name or module): f"{code}: {whose} {what}"})


def _module(message: Mapping[str, Any]) -> Module:
    errors = {str(name): shortened(str(error), MAX_REASONING_CHARACTERS) for name, error in message["errors"].items()}
    symbols = {str(name): tuple(map(str, listed)) for name, listed in message["symbols"].items()}
    return Module(message["loaded"], message["names"], message["samples"], symbols, errors, message["meddles"])


def ending_in_words(ending: Mapping[str, int] | None) -> str:
    """Return how a process ended, as ``exit code 3`` or ``signal 11 (SIGSEGV)``."""
    if ending is None:
        return "in an unknown way"
    if "exit" in ending:
        return f"exit code {ending['exit']}"
    number = ending["signal"]
    name = ""
    with contextlib.suppress(ValueError):
        name = f" ({signal.Signals(number).name})"
    return f"signal {number}{name}"


class Loaded:
    """A package's strategies in loaders; a file that harms others has a loader of its own."""

    def __init__(self, fork_loader: Callable[[], Fork], package: str, seconds: float) -> None:
        self._fork_loader = fork_loader
        self._package = package
        self._seconds = seconds
        self._loaded_at = time.monotonic()
        self.loaders = self._load()
        self.place: dict[str, tuple[Loader, str]] = {}
        """Loader and module of each strategy."""
        self.found = self._merge()

    @property
    def is_worth_another_try(self) -> bool:
        """Whether something took too long to load some time ago: the machine may have been busy."""
        is_late = any(error.startswith(ReasonCode.STRATEGY_TIMEOUT) for error in self.found.load_errors.values())
        return is_late and time.monotonic() - self._loaded_at > _TRY_AGAIN_SECONDS

    def close(self) -> None:
        for loader in self.loaders:
            loader.close()

    def _new(self, modules: Sequence[str] | None, without: Mapping[str, str] = MappingProxyType({})) -> Loader:
        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(ProcessesGoneError):
                return self._try(modules, without)
        return self._try(modules, without)

    def _try(self, modules: Sequence[str] | None, without: Mapping[str, str]) -> Loader:
        loader = Loader(self._fork_loader())
        loader.without = dict(without)
        try:
            loader.load(self._package, modules, list(without), self._seconds)
        except BaseException:
            loader.close()
            raise
        return loader

    def _load(self) -> list[Loader]:
        together = self._new(None)
        if together.is_clean:
            return [together]
        together.close()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            alone = list(pool.map(self._load_alone, together.asked))
        clean = [loader for loader in alone if loader.is_clean and loader.modules]
        others = [loader for loader in alone if loader not in clean]
        if len(clean) < 2:
            return alone
        without = {name: error for loader in clean for name, error in loader.without.items()}
        together = self._new([loader.modules[0].name for loader in clean], without)
        if not together.is_clean:  # each is fine alone: they stay separate
            together.close()
            return alone
        for loader in clean:
            loader.close()
        return [together, *others]

    def _load_alone(self, module: str) -> Loader:
        """Load one module, without classes whose constructors are harmful."""
        without: dict[str, str] = {}
        while True:
            loader = self._new([module], without)
            fault = loader.fault
            if fault is None or module in fault.errors or not fault.errors.keys() - without.keys():
                return loader
            without |= fault.errors

    def _merge(self) -> FoundStrategies:
        names: list[str] = []
        samples: set[str] = set()
        symbols: dict[str, Sequence[str]] = {}
        errors: dict[str, str] = {}
        for loader in self.loaders:
            errors |= loader.without
        pairs = [(module, loader) for loader in self.loaders for module in _told(loader)]
        for module, loader in sorted(pairs, key=lambda pair: pair[0].name):
            errors |= module.errors
            for name in module.classes:
                if name in self.place:
                    errors[module.name] = twice(name, f"{self.place[name][1]}.py")
                    continue
                self.place[name] = (loader, module.name)
                names.append(name)
                samples |= {name} & set(module.samples)
                symbols[name] = module.symbols.get(name, ())
        return FoundStrategies(names, frozenset(samples), symbols, errors)


def _told(loader: Loader) -> list[Module]:
    return [*loader.modules, *([loader.fault] if loader.fault else [])]
