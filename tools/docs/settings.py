"""The policy's settings: tables for people, and the words of the dashboard's form."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, Field
from enum import StrEnum
from typing import Any

from firebase_functions.params import Param, SecretParam

from functions import settings as deployment
from functions.domain.kernel.policy import TRADING_STATE_FIELDS, Policy, settings
from functions.domain.kernel.setting_checks import Group
from functions.strategies.maestro_controller import MaestroController
from tools.api_reference import LINE_LENGTH
from tools.docs.sections import DocumentError, table

FORM_HINTS = {
    "disabled_strategies": "a line each: name, or name = time",
    "sample_strategies": "a name a line",
    "strategy_capital": "a line each: name = USD",
}
"""How the form takes what is not one value."""
FORM_HEAD = """\
/** Words for the policy's settings; `make docs` writes them from functions/domain/kernel/policy.py. */

export interface Group {
  title: string;
  fields: Record<string, string>;
}

export const GROUPS: Group[] = [
"""


def by_group() -> Iterator[tuple[str, dict[str, Field[Any]]]]:
    """Yield every group with its settings, by document name."""
    for group in Group:
        yield str(group), {name: one for name, one in settings().items() if one.metadata["group"] is group}


def settings_tables() -> str:
    """Return a table for every group."""
    parts = []
    for title, fields in by_group():
        rows = [[f"`{name}`", _default(one), _limits(one), one.metadata["meaning"]] for name, one in fields.items()]
        parts.append(f"### {title}\n\n" + table(["setting", "default", "limits", "what it means"], rows))
    return "\n\n".join(parts)


def class_attributes() -> str:
    return textwrap.fill(", ".join(f"`{name}`" for name in MaestroController.class_settings()), LINE_LENGTH)


def parameters() -> str:
    """Return a table of the deployment's parameters."""
    found: list[Param[Any]] = [
        one for one in vars(deployment).values() if isinstance(one, Param) and not isinstance(one, SecretParam)
    ]
    rows = [[f"`{one.name}`", f"`{one.default}`" if one.default != "" else "none", _told(one)] for one in found]
    return table(["parameter", "default", "what it means"], rows)


def _told(parameter: Param[Any]) -> str:
    return parameter.description or parameter.label or ""


def form_words() -> str:
    """Return dashboard/src/policy-fields.ts."""
    lines = []
    for title, fields in by_group():
        shown = {name: one for name, one in fields.items() if name not in TRADING_STATE_FIELDS}
        if shown:
            lines += ["  {", f"    title: {_quoted(title)},", "    fields: {"]
            lines += [_in_width(f"      {name}:", _quoted(_label(name, one))) for name, one in shown.items()]
            lines += ["    },", "  },"]
    return FORM_HEAD + "\n".join(lines) + "\n];\n"


def _in_width(name: str, text: str) -> str:
    """Return a property as the dashboard's formatter has it."""
    line = f"{name} {text},"
    return line if len(line) <= LINE_LENGTH else f"{name}\n        {text},"


def _label(name: str, one: Field[Any]) -> str:
    hint = f" ({FORM_HINTS[name]})" if name in FORM_HINTS else ""
    return f"{one.metadata['meaning']}{hint}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _default(one: Field[Any]) -> str:
    if one.default is MISSING:
        return "none"
    value = getattr(Policy(), one.name)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:,g}" if value < 10_000 else f"{value:,.0f}"
    if isinstance(value, StrEnum | str | int):
        return f"`{value}`" if isinstance(value, str) else f"{value:,}"
    return "none"


def _limits(one: Field[Any]) -> str:
    """Return what a setting takes, in the words in which anything else is refused."""
    try:
        one.metadata["check"](object())
    except ValueError as error:
        return str(error).removeprefix("a ")
    raise DocumentError(f"{one.name} takes anything")
