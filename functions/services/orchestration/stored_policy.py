"""A tenant's policy as stored, even if the document is damaged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from functions.domain.kernel.errors import PolicyError
from functions.domain.kernel.policy import BOOKKEEPING_FIELDS, Policy, document_names
from functions.domain.kernel.stored_fields import COUNT, TEXT, TIME, Kinds, kind_of
from functions.services.kernel.ports import Document


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A tenant's current policy."""

    version: int
    overrides: Mapping[str, Any]
    """What the tenant's document sets, by document name."""
    effective: Mapping[str, Any]
    """Every setting, by document name; only the defaults if the document cannot be read."""
    problems: tuple[PolicyError, ...]
    """What is wrong with the document; BUYs stay HOLD until it is fixed."""
    updated_at: datetime | None
    updated_by: str | None


def version_of(document: Document) -> int:
    """Return a stored version; 0 if there is none or it is damaged."""
    version = document.get("version", 0)
    return int(version) if COUNT.holds(version) else 0


def stored_policy(document: Document, defaults: Mapping[str, Any]) -> StoredPolicy:
    """Return a policy document's content, with what is wrong if it is damaged."""
    problems = Policy.problems(defaults, document)
    policy = Policy.from_sources(defaults, None if problems else document)
    effective = {name: plain(value) for name, value in document_names(policy).items() if name != "version"}
    overrides = {name: _sayable(value) for name, value in document.items() if name not in BOOKKEEPING_FIELDS}
    stamp = {name: value for name in _STAMP if (value := document.get(name)) is not None}
    damaged = [
        PolicyError(name, _STAMP[name].limit, value) for name, value in stamp.items() if not _is_stamp(name, value)
    ]
    return StoredPolicy(
        version_of(document),
        overrides,
        effective,
        (*problems, *damaged),
        *(value if _is_stamp(name, value := stamp.get(name)) else None for name in _STAMP),
    )


_STAMP: Kinds = {"updated_at": TIME, "updated_by": TEXT}


def _is_stamp(name: str, value: Any) -> bool:
    return _STAMP[name].holds(value)


def _sayable(value: Any) -> Any:
    """Return a setting as JSON; a value that no setting can have is replaced by the name of its type."""
    if isinstance(value, Mapping):
        return {name: _sayable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_sayable(one) for one in value]
    return value if isinstance(value, str | int | float | datetime | None) else f"({kind_of(value)})"


def plain(value: Any) -> Any:
    """Return a setting as it is stored and as JSON."""
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value
