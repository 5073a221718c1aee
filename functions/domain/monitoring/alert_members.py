"""
The problems that one alert covers: which are new to people, which persist, and which are over.

An alert of several problems stores them by name, each with its start and end. A problem that begins while others
persist is notified; one that was notified and returns within the cooldown is not, however often.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.text import cut

Members = Sequence[Mapping[str, Any]]
"""As stored: ``name``, ``since``, and ``ended_at``, which is null while the problem persists."""

MOST_MEMBERS = 200
"""Maximum members of one alert; further ones appear only in its title and detail."""
_NAME_BYTES = 120
_SHOWN = 10


def member_names(problems: Iterable[str]) -> tuple[str, ...]:
    """Return the names of problems for storing: distinct, short, sorted."""
    return tuple(sorted({cut(one, _NAME_BYTES) for one in problems})[:MOST_MEMBERS])


def sort_of(error: str) -> str:
    """
    Return the kind of error that a text reports, without parts that vary between occurrences.

    >>> sort_of("ValueError: no price of KO"), sort_of("no answer within 5 s"), sort_of("qty must be > 0, was -3")
    ('ValueError', 'no answer within # s', 'qty')
    """
    first = re.split(r": | must be |\n", error, maxsplit=1)[0]
    return re.sub(r"\d+(\.\d+)?", "#", first)


def carried_on(
    before: Members, names: Sequence[str], now: datetime, cooldown: timedelta
) -> tuple[list[dict[str, Any]], list[str]]:
    """
    Return an alert's current members, persisting ones first, and the names to notify.

    Parameters
    ----------
    before : sequence of mapping
        As stored; empty for an alert that opens for the first time.
    names : sequence of str
        The current problems.
    cooldown : timedelta
        A problem that returns within this time after it ended is not notified again.
    """
    recent = {one["name"]: one for one in before if one["ended_at"] is None or now - one["ended_at"] < cooldown}
    fresh = [name for name in names if name not in recent]
    held = [{"name": name, "since": now, **recent.get(name, {}), "ended_at": None} for name in names]
    over = [{**one, "ended_at": one["ended_at"] or now} for name, one in recent.items() if name not in names]
    return [*held, *sorted(over, key=lambda one: one["ended_at"], reverse=True)[:MOST_MEMBERS]], fresh


def ended(members: Members, now: datetime) -> list[dict[str, Any]]:
    """Return the members, all marked as over."""
    return [{**one, "ended_at": one["ended_at"] or now} for one in members]


def holding(members: Members) -> list[str]:
    """Return the names of the current problems, in order."""
    return sorted(one["name"] for one in members if one["ended_at"] is None)


def as_detail(detail: str, members: Members, fresh: Sequence[str]) -> str:
    """Return an alert's detail, preceded by what is new among several problems, and followed by what is over."""
    is_added = bool(fresh) and len(members) > len(fresh)
    new = f"new: {_listed(list(fresh))}; " if is_added else ""
    over = [f"{one['name']} since {one['ended_at']:%H:%M} UTC" for one in members if one["ended_at"] is not None]
    return f"{new}{detail}{f'; over: {_listed(over)}' if over else ''}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
