"""Find the strategies in a package and build them: nothing a user's file does can stop the others."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from functions.services.orchestration.strategy_signatures import construct


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
    package = importlib.import_module(package_name)
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        try:
            module = importlib.import_module(f"{package_name}.{module_info.name}")
        except BaseException as error:  # noqa: BLE001 - a user's file: even sys.exit() in it must not stop the rest
            errors[module_info.name] = f"{type(error).__name__}: {error}"
            continue
        for strategy_class in _strategy_classes(module, base_class):
            known = classes.setdefault(strategy_class.__name__, strategy_class)
            if known is not strategy_class:
                where = Path(inspect.getfile(known)).name
                errors[module_info.name] = f"class {strategy_class.__name__} is in {where} already: rename one"
    return classes, errors


def rediscover(package_name: str, base_class: type) -> tuple[Mapping[str, type], Mapping[str, str]]:
    """
    Import the modules that hold strategies, or failed, again from their files, and collect as `discover` does.

    Modules that they share, as the one of ``base_class``, stay as they are.
    """
    classes, errors = discover(package_name, base_class)
    modules = {found.__module__ for found in classes.values()} | {f"{package_name}.{name}" for name in errors}
    for name in modules:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    discover.cache_clear()
    return discover(package_name, base_class)


def _strategy_classes(module: Any, base_class: type) -> list[type]:
    return [
        member
        for member in vars(module).values()
        if inspect.isclass(member)
        and issubclass(member, base_class)
        and member.__module__ == module.__name__
        and not inspect.isabstract(member)
    ]


def build(classes: Mapping[str, type]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a new strategy of every class, and why the others could not be built, by class name."""
    strategies: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, strategy_class in classes.items():
        try:
            strategies[name] = construct(strategy_class)
        except Exception as error:  # noqa: BLE001 - a user's constructor: whatever it raises, the other strategies go on
            errors[name] = f"{type(error).__name__}: {error}"
    return strategies, errors


def sample_names(strategies: Mapping[str, Any] | Iterable[str]) -> frozenset[str]:
    """Return which strategies are samples by their own class's word; names alone do not tell."""
    named = strategies.items() if isinstance(strategies, Mapping) else ()
    return frozenset(name for name, strategy in named if vars(type(strategy)).get("is_sample"))
