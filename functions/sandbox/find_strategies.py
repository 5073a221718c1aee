"""Find the strategies in a package and build them: a user's file cannot stop the others."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from functions.domain.kernel.errors import described
from functions.domain.orchestration.inputs import MAX_SYMBOLS
from functions.sandbox.strategy_signatures import construct

_FACADE = ("functions.strategies", frozenset({"loader", "maestro_controller", "maestro_monitoring", "wiring"}))
"""Modules in the package without strategies, whose imports strategies' processes must not have."""
_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]{0,31}")


@cache
def discover(package_name: str, base_class: type) -> tuple[Mapping[str, type], Mapping[str, str]]:
    """
    Import every module of a package and collect its subclasses of ``base_class``, once per process.

    Returns
    -------
    tuple
        Strategy classes by name, and import errors by module name.
    """
    classes: dict[str, type] = {}
    errors: dict[str, str] = {}
    for name in modules_of(package_name):
        try:
            found = classes_in(importlib.import_module(f"{package_name}.{name}"), base_class)
        except BaseException as error:  # noqa: BLE001 - a user's file: even sys.exit() in it must not stop the rest
            errors[name] = described(error)
            continue
        for class_name, strategy_class in found.items():
            known = classes.setdefault(class_name, strategy_class)
            if known is not strategy_class:
                errors[name] = twice(class_name, Path(inspect.getfile(known)).name)
    return classes, errors


def modules_of(package_name: str) -> list[str]:
    """Import a package and return its modules that may hold strategies, sorted; they are not imported."""
    package = importlib.import_module(package_name)
    facade = _FACADE[1] if package_name == _FACADE[0] else frozenset()
    return sorted(info.name for info in pkgutil.iter_modules(package.__path__) if info.name not in facade)


def twice(class_name: str, file: str) -> str:
    """Return the error for a class whose name is taken."""
    return f"class {class_name} already exists in {file}: rename one"


def rediscover(package_name: str, base_class: type) -> tuple[Mapping[str, type], Mapping[str, str]]:
    """
    Reload the modules that hold strategies, or failed, from their files, and collect as `discover` does.

    Shared modules, like that of ``base_class``, stay as they are.
    """
    classes, errors = discover(package_name, base_class)
    modules = {found.__module__ for found in classes.values()} | {f"{package_name}.{name}" for name in errors}
    for name in modules:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    discover.cache_clear()
    return discover(package_name, base_class)


def classes_in(module: Any, base_class: type) -> dict[str, type]:
    """Return the strategies that a module defines itself, by class name."""
    return {
        member.__name__: member
        for member in vars(module).values()
        if inspect.isclass(member)
        and issubclass(member, base_class)
        and member.__module__ == module.__name__
        and not inspect.isabstract(member)
    }


def build(classes: Mapping[str, type]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a new strategy of every class, and why the others could not be built, by class name."""
    strategies: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, strategy_class in classes.items():
        try:
            strategies[name] = construct(strategy_class)
        except BaseException as error:  # noqa: BLE001 - a user's constructor: no exception may stop the others
            errors[name] = described(error)
    return strategies, errors


def sample_names(strategies: Mapping[str, Any] | Iterable[str]) -> frozenset[str]:
    """Return which strategies are samples, as declared by their own class; names do not matter."""
    named = strategies.items() if isinstance(strategies, Mapping) else ()
    return frozenset(name for name, strategy in named if is_sample(strategy))


def declared_symbols(strategy: Any) -> list[str]:
    """Return a strategy's declared symbols; empty if the attribute is something else."""
    config = getattr(strategy, "config", None)
    declared = getattr(strategy, "symbols", None) or (config.get("symbols") if isinstance(config, Mapping) else None)
    if not isinstance(declared, list | tuple | set | frozenset):
        return []
    return sorted({one for one in declared if isinstance(one, str) and _SYMBOL.fullmatch(one)})[:MAX_SYMBOLS]


def is_sample(strategy: Any) -> bool:
    """Return whether a strategy's own class declares it."""
    return bool(vars(type(strategy)).get("is_sample"))
