"""
The policies a replay can try: the built-in ones, the options of the migration guide by name, and files.

A policy is its document, as `PUT /v1/policy` takes it: what it leaves out has its default.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from functions.domain.kernel.errors import InputError, PolicyProblemsError
from functions.services.orchestration.manage_policy import problems_of

Document = Mapping[str, Any]
OFF, GUIDE = "off", "guide"
OPTIONS: Mapping[str, Mapping[str, Document]] = {
    "thresholds": {
        "conservative": {"SHARPE_THRESHOLD_REDUCE": 1.5, "SHARPE_THRESHOLD_SHADOW": 1.0},
        "default": {},
        "aggressive": {"SHARPE_THRESHOLD_REDUCE": 0.5, "SHARPE_THRESHOLD_SHADOW": 0.0},
    },
    "sensitivity": {
        "sensitive": {"SYSTEMIC_SELL_THRESHOLD": 2},
        "default": {},
        "insensitive": {"SYSTEMIC_SELL_THRESHOLD": 4},
    },
    "lookback": {
        "responsive": {"PERFORMANCE_LOOKBACK_DAYS": 14},
        "default": {},
        "stable": {"PERFORMANCE_LOOKBACK_DAYS": 60},
    },
}
"""The options that the guide offers for tuning, by the setting they are of."""
BUILT_IN: Mapping[str, Document] = {
    OFF: {"enabled": False},
    GUIDE: {},
    **{name: dict(one) for options in OPTIONS.values() for name, one in options.items() if name != "default"},
}
"""``off``: strategies do what they propose. ``guide``: every setting at its default."""


def chosen_policies(given: Sequence[str], own: Mapping[str, Document] | None = None) -> dict[str, Document]:
    """
    Return policies by name, ``off`` first: it is what all others are compared with.

    Parameters
    ----------
    given : sequence of str
        Names of built-in policies, of several joined by ``+`` (``conservative+responsive``), or files. None: ``guide``,
        and all of ``own``.
    own : mapping, optional
        Further policies that have a name.

    Raises
    ------
    InputError
        If one is neither; if two would have the same name.
    PolicyProblemsError
        If a file's settings are not what the product takes.
    """
    named = {**BUILT_IN, **(own or {})}
    chosen = {OFF: BUILT_IN[OFF]}
    for text in dict.fromkeys(given or (GUIDE, *(own or ()))):
        name, document = _policy(text, named)
        if name in chosen and chosen[name] != document:
            raise InputError("--policy", f"of another name than one before it ({name})", text)
        chosen[name] = document
    return chosen


def grid(axes: Sequence[str]) -> dict[str, Document]:
    """
    Return every combination of some settings' options, by name.

    Parameters
    ----------
    axes : sequence of str
        Names of the guide's settings (``thresholds``), or ``FIELD=VALUE,VALUE…`` of the policy document.

    Raises
    ------
    InputError
        If an axis is neither.
    PolicyProblemsError
        If a combination is not what the product takes.
    """
    options = [_axis(axis) for axis in axes]
    found = {}
    for parts in itertools.product(*(one.items() for one in options)):
        document = {name: value for _, part in parts for name, value in part.items()}
        found[_joined(name for name, _ in parts)] = _checked(document, _joined(name for name, _ in parts))
    return found


def read_policy(path: Path) -> Document:
    """Return a policy file's settings. Raises InputError or PolicyProblemsError."""
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("--policy", f"a file that can be read ({error.strerror})", str(path)) from error
    except (ValueError, RecursionError) as error:
        raise InputError("--policy", f"a file of JSON ({error})", str(path)) from error
    if not isinstance(settings, dict):
        raise InputError("--policy", "a file with one JSON object, as PUT /v1/policy takes it", str(path))
    return _checked(settings, str(path))


def _policy(text: str, named: Mapping[str, Document]) -> tuple[str, Document]:
    parts = text.split("+")
    if all(part in named for part in parts):
        return text, _combined(parts, named)
    path = Path(text)
    if path.suffix != ".json" and not path.is_file():
        names = ", ".join(named)
        raise InputError("--policy", f"a file, or one of {names} (join different kinds with +)", text)
    return path.stem, read_policy(path)


def _combined(parts: Sequence[str], named: Mapping[str, Document]) -> Document:
    found: dict[str, Any] = {}
    for part in parts:
        if twice := found.keys() & named[part].keys():
            raise InputError("--policy", f"of options that do not both set {min(twice)}", "+".join(parts))
        found |= named[part]
    return found


def _axis(axis: str) -> Mapping[str, Document]:
    if axis in OPTIONS:
        return OPTIONS[axis]
    field, _, values = axis.partition("=")
    if not values:
        raise InputError("--over", f"one of {', '.join(OPTIONS)}, or FIELD=VALUE,VALUE", axis)
    return {f"{field}={value}": {field: _value(value)} for value in values.split(",")}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text  # a mode, a market


def _joined(names: Iterable[str]) -> str:
    return "+".join(name for name in names if name != "default") or GUIDE


def _checked(settings: dict[str, Any], name: str) -> Document:
    if problems := problems_of(settings, {}):
        raise PolicyFileError(name, PolicyProblemsError(problems))
    return settings


class PolicyFileError(InputError):
    """Settings of one policy are malformed: it names the policy, and the first field with its limit and value."""

    def __init__(self, policy: str, problems: PolicyProblemsError) -> None:
        super().__init__(f"{policy}: {problems.field}", problems.limit, problems.value)
